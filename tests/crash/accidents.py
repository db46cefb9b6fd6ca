"""What can happen to workers, each a story with one job in it."""

from collections.abc import Awaitable, Callable

from bot.domain.job import Job, JobState, StepState
from tests.crash.case import Aftermath, Case
from tests.crash.platform import CATALOG, USER_APPS
from tests.crash.worker import Worker

Accident = Callable[[Case], Awaitable[Aftermath]]


async def killed_before_the_first_commit(case: Case) -> Aftermath:
    """The project is there and the commit on its way, where it stays until a successor has made it.

    That successor is killed, too, while it waits for the pipeline.
    """
    async with case.platform.gate:
        async with case.platform.quiet:
            job, first = await _at_the_first_commit(case, when="before")
            second = case.worker()
            case.struck.append(await first.kill())
        await case.until_step(job, "create_app_repository", StepState.DONE)
        await case.platform.release()
    await case.until(job, _waits_for_the_pipeline)
    case.worker()
    case.struck.append(await second.kill())
    return await case.aftermath(job)


async def killed_before_the_answer_to_the_first_commit(case: Case) -> Aftermath:
    """The commit is made, but nobody knows; the successor does not live to write down that the address answers."""
    async with case.platform.gate, case.platform.quiet:
        job, first = await _at_the_first_commit(case, when="after")
        second = case.worker(dies_before="await_live_url")
        case.struck.append(await first.kill())
        await case.platform.release()
    case.struck.append(await second.killed_itself(within=120))
    case.worker()
    return await case.aftermath(job)


async def killed_after_each_effect(case: Case) -> Aftermath:
    """One worker makes the commit, the next one registers it; neither lives to write it down."""
    first = case.worker(dies_before="add_system_to_catalog")
    job = await case.ask_for_system()
    async with case.platform.quiet:
        await case.approve(job)
        case.struck.append(await first.killed_itself())
    second = case.worker(dies_before="await_catalog_entry")
    case.struck.append(await second.killed_itself())
    case.worker()
    return await case.aftermath(job)


async def killed_after_each_message(case: Case) -> Aftermath:
    """Card, questions and last word are posted by workers that do not live to write down where."""
    job = await case.ask_for_system()
    for notice in ("card", "approval-wanted", "question:U0DENIZ"):
        case.struck.append(await case.worker(dies_before=notice).killed_itself())
    third = case.worker(dies_before="done")
    async with case.platform.quiet:
        await case.approve(job)
        await case.until_step(job, "add_system_to_catalog", StepState.DONE)
    case.struck.append(await third.killed_itself())
    case.worker()
    return await case.aftermath(job)


async def stopped_in_the_middle_of_a_step(case: Case) -> Aftermath:
    """SIGTERM, as every deployment sends it: the step is ended, and the job is handed over."""
    first = case.worker()
    job = await case.ask_for_system()
    async with case.platform.gate, case.platform.quiet:
        await _at_the_systems_commit(case, job)
        await case.worker().ready()
        first.terminate()
        await case.platform.release()
        case.struck.append(await first.drained())
        await case.until_step(job, "add_system_to_catalog", StepState.DONE)
    return await case.aftermath(job)


async def frozen_for_longer_than_the_lease(case: Case) -> Aftermath:
    """A worker that wakes up after another one has finished its job does no harm."""
    first = case.worker()
    job = await case.ask_for_system()
    async with case.platform.gate, case.platform.quiet:
        await _at_the_systems_commit(case, job)
        case.struck.append(first.freeze())
        case.worker()
        await case.until_step(job, "add_system_to_catalog", StepState.DONE)
        await case.platform.release()
    await case.aftermath(job)
    first.thaw()
    first.terminate()
    await first.drained()
    return await case.aftermath(job)


async def _at_the_first_commit(case: Case, *, when: str) -> tuple[Job, Worker]:
    """A worker whose first commit to the application repository GitLab holds.

    A commit's address has the project's number in it, which nobody knows before. So the worker is stopped where it
    looks whether the project exists, and frozen for as long as it takes to set the gate to the next commit.
    """
    platform = case.platform
    job = await case.ask_for_app()
    await platform.hold("GET", rf"/projects/idp/payments/checkout-{case.name}$")
    worker = case.worker()
    await platform.held()
    worker.freeze()
    await platform.release()
    other = await platform.project_id(USER_APPS)
    await platform.hold("POST", rf"/projects/(?!{other}/)\d+/repository/commits$", when=when)
    worker.thaw()
    await platform.held()
    return job, worker


async def _at_the_systems_commit(case: Case, job: Job) -> None:
    """A worker's commit to the catalog repository is held."""
    project = await case.platform.project_id(CATALOG)
    await case.platform.hold("POST", rf"/projects/{project}/repository/commits$")
    await case.approve(job)
    await case.platform.held()


def _waits_for_the_pipeline(job: Job) -> bool:
    is_waiting = job.step("await_pipeline").state is StepState.WAITING
    return is_waiting and job.state is JobState.WAITING


APPS: dict[str, Accident] = {
    "unanswered": killed_before_the_answer_to_the_first_commit,
    "uncommitted": killed_before_the_first_commit,
}
SYSTEMS: dict[str, Accident] = {
    "effects": killed_after_each_effect,
    "messages": killed_after_each_message,
    "drained": stopped_in_the_middle_of_a_step,
    "frozen": frozen_for_longer_than_the_lease,
}
