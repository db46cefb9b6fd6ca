"""What can happen to workers and to what they work with, each a story with one job in it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

from bot.domain.job import Job, JobState, StepState
from tests.crash.case import Aftermath, Case
from tests.crash.platform import CATALOG, USER_APPS
from tests.crash.points import Point, Stop
from tests.crash.worker import Worker

Accident = Callable[[Case], Awaitable[Aftermath]]
SERVER_IS_GONE_SECONDS = 2
GITLAB_IS_GONE_SECONDS = 60


async def killed_before_the_first_commit(case: Case) -> Aftermath:
    """The project is there and the commit on its way, where it stays until a successor has made it.

    That successor is killed, too, while it waits for the pipeline.
    """
    async with case.platform.gate:
        async with case.platform.quiet:
            job, first = await _at_the_first_commit(case)
            second = case.worker()
            await case.kill(first)
        await case.until_step(job, "create_app_repository", StepState.DONE)
        await case.platform.release()
    await case.until(job, _waits_for_the_pipeline)
    case.worker()
    await case.kill(second)
    return await case.aftermath(job)


async def cut_off_from_gitlab(case: Case) -> Aftermath:
    """GitLab is stopped for a minute in the middle of the first commit: it is made, and the answer is never read."""
    assert case.own.gitlab
    async with contextlib.AsyncExitStack() as absence:
        async with case.platform.gate, case.platform.quiet:
            job, _ = await _at_the_first_commit(case)
            case.struck.append(datetime.now(UTC))
            await absence.enter_async_context(case.own.gitlab.torn())
            await case.platform.release()
        await asyncio.sleep(GITLAB_IS_GONE_SECONDS)
    return await case.aftermath(job)


async def killed_after_each_message(case: Case) -> Aftermath:
    """Each message is posted by a worker that does not live to write down where."""
    job = await case.ask_for_system()
    for notice in ("card", "approval-wanted", "question:U0DENIZ"):
        await _killed_at(case, job, notice)
    third = case.worker(*(Stop(job.id, notice, Point.MADE) for notice in ("decided", "done")))
    await case.approve(job)
    await third.stands_at("decided")
    fourth = case.worker(Stop(job.id, "done", Point.MADE))
    await case.kill(third)
    await fourth.stands_at("done")
    case.worker()
    await case.kill(fourth)
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
        case.freeze(first)
        case.worker()
        await case.until_step(job, "add_system_to_catalog", StepState.DONE)
        await case.platform.release()
    await case.aftermath(job)
    case.thaw(first)
    first.terminate()
    await first.drained()
    return await case.aftermath(job)


async def outlived_its_server(case: Case) -> Aftermath:
    """Redis is killed while a step is at work, and started again from its files; the worker lives on.

    The server is gone for longer than GitLab takes, so nobody can write down what the step has made.
    """
    case.worker()
    job = await case.ask_for_system()
    async with case.platform.gate, case.platform.quiet:
        await _at_the_systems_commit(case, job)
        async with _without_server(case):
            await case.platform.release()
            await asyncio.sleep(SERVER_IS_GONE_SECONDS)
        await case.until_step(job, "add_system_to_catalog", StepState.DONE)
    return await case.aftermath(job)


@contextlib.asynccontextmanager
async def _without_server(case: Case) -> AsyncIterator[None]:
    assert case.own.server
    case.struck.append(datetime.now(UTC))
    case.own.server.terminate()  # its word for SIGKILL
    yield
    await asyncio.to_thread(case.own.server.start)


async def _killed_at(case: Case, job: Job, notice: str) -> None:
    worker = case.worker(Stop(job.id, notice, Point.MADE))
    await worker.stands_at(notice)
    await case.kill(worker)


async def _at_the_first_commit(case: Case) -> tuple[Job, Worker]:
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
    await platform.hold("POST", rf"/projects/(?!{other}/)\d+/repository/commits$")
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
    "uncommitted": killed_before_the_first_commit,
    "unconnected": cut_off_from_gitlab,
}
SYSTEMS: dict[str, Accident] = {
    "messages": killed_after_each_message,
    "drained": stopped_in_the_middle_of_a_step,
    "frozen": frozen_for_longer_than_the_lease,
    "serverless": outlived_its_server,
}
