"""Let a failed job go on with other answers to the questions at fault; what is right already stays."""

from collections.abc import Mapping

from pydantic import JsonValue

from bot.domain.approval import ApprovalTerms
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, RequestRejected
from bot.domain.job import Fix, Job, StepState
from bot.domain.request import AppRequest, SystemRequest
from bot.domain.value import Value
from bot.pipeline.facts import Plan
from bot.pipeline.fixing import fix_of
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.planning import app_plan, system_plan
from bot.pipeline.rights_now import terms_now
from bot.pipeline.voiding import would_void
from bot.ports.bundle import Ports
from bot.ports.job_store import Answer
from bot.usecases import check_app, check_system, names, refusals, room, taking_in
from bot.usecases.draft import draft
from bot.usecases.reply import NO_SUCH_JOB, Reply
from bot.usecases.rights import known, why_not_steer
from bot.usecases.submission import Submission

WHAT = "fix"
NOTHING_AT_FAULT = "There is no answer to change: the job has not failed for one of them."
NOTHING_CHANGED = "That is what the form said before; change it, or press Retry on the card."

Values = Mapping[str, JsonValue]


class Foreseen(Value):
    """What other answers would do, in the titles of steps.

    `voided` says what has changed for those who had agreed, a sentence each; `approval` is what is needed then.
    """

    taken_back: tuple[str, ...]
    changed: tuple[str, ...]
    again: tuple[str, ...]
    stays: tuple[str, ...]
    voided: tuple[str, ...]
    approval: ApprovalTerms | None

    @property
    def is_harmless(self) -> bool:
        """Whether nothing that was made or agreed to is touched."""
        return not (self.taken_back or self.changed or self.voided)


def why_not_fix(job: Job, person: Person, ports: Ports) -> str | None:
    """Why this person may not change the job's input now; None when they may."""
    if why_not := why_not_steer(person, job, ports.platform):
        return why_not
    return None if job.can_be_fixed else NOTHING_AT_FAULT


async def foresee(job: Job, values: Values, *, person: Person, ports: Ports) -> Foreseen:
    """What these answers would do; nothing is changed.

    Raises:
        RequestRejected: with a sentence for every field at fault.
        PermanentError: a system refuses to be asked.
        TemporaryError: a system that has to be asked does not answer.
    """
    request = await _asked_anew(job, values, ports)
    plan = await _plan(request, ports)
    fix = fix_of(PIPELINES[request.kind], job, request=request, plan=plan, by=person)
    return _foreseen(job, fix, plan)


async def fix_input(job_id: str, values: Values, *, person: Person, ports: Ports) -> Reply:
    """Go on with these answers in the place of those given before; only questions at fault can be answered anew.

    Raises:
        RequestRejected: with a sentence for every field at fault.
        PermanentError: a system refuses to be asked.
        TemporaryError: a system that has to be asked does not answer.
    """
    try:
        reply = await _fix(job_id, values, person=person, ports=ports)
    except (RequestRejected, PermanentError) as refused:
        job = await ports.jobs.load(job_id)
        await refusals.note(WHAT, str(refused), person=person, job=job, ports=ports)
        raise
    return await refusals.noted(reply, what=WHAT, job_id=job_id, person=person, ports=ports)


async def _fix(job_id: str, values: Values, *, person: Person, ports: Ports) -> Reply:
    job = await known(job_id, person=person, ports=ports)
    if not job:
        return NO_SUCH_JOB
    if why_not := why_not_fix(job, person, ports):
        return Reply(accepted=False, text=why_not)
    request = await _asked_anew(job, values, ports)
    async with room.for_another_try(request, job_id=job.id, by=person, ports=ports):
        await names.hold(request, job_id=job.id, ports=ports)
        plan = await _plan(request, ports)
        fix = fix_of(PIPELINES[request.kind], job, request=request, plan=plan, by=person)
        with taking_in.storing():
            answer = await ports.jobs.fix(job.id, fix, request=job.request, at=ports.clock())
    if answer is not Answer.ACCEPTED:
        return Reply(accepted=False, text="Somebody else was faster; look at the card.")
    await taking_in.wake(job.id, ports=ports)
    return Reply(accepted=True, text=f"“{request.name}” goes on with what you changed.")


async def _asked_anew(job: Job, values: Values, ports: Ports) -> AppRequest | SystemRequest:
    """The request with other answers; who asked, and everything that is not at fault, is as it was."""
    before = job.request
    anew = {name: value for name, value in values.items() if name in job.fields_at_fault}
    submission = Submission(
        id=job.id,
        template=before.template,
        values={**before.parameters, **anew},
        requester=before.requester,
        channel=job.channel,
    )
    request = draft(submission, ports.templates.get(before.template))
    if request == before:
        raise RequestRejected({"": NOTHING_CHANGED})
    if problems := await _problems(request, before, ports):
        raise RequestRejected(problems)
    return request


async def _problems(
    request: AppRequest | SystemRequest, before: AppRequest | SystemRequest, ports: Ports
) -> dict[str, str]:
    if isinstance(request, AppRequest) and isinstance(before, AppRequest):
        return await check_app.problems_of(request, ports, instead_of=before)
    if isinstance(request, SystemRequest) and isinstance(before, SystemRequest):
        return await check_system.problems_of(request, ports, instead_of=before)
    return {"": "The template makes something else by now; ask anew."}


async def _plan(request: AppRequest | SystemRequest, ports: Ports) -> Plan:
    platform, templates = ports.platform, ports.templates
    approval = await terms_now(
        request,
        directory=ports.directory,
        platform=platform,
        policy=ports.policy,
        now=ports.clock(),
    )
    if isinstance(request, AppRequest):
        return app_plan(request, platform=platform, approval=approval, templates=templates)
    return system_plan(request, platform=platform, approval=approval, templates=templates)


def _foreseen(job: Job, fix: Fix, plan: Plan) -> Foreseen:
    pipeline = PIPELINES[job.request.kind]
    titles = {step.name: step.title for step in pipeline.steps}
    undos = {undo.takes_back: undo.title for undo in pipeline.undos}
    asks = {pipeline.plan_step.name, pipeline.approval_step}
    done = [name for name in titles if job.step(name).state is StepState.DONE and name not in asks]
    touched = {*fix.taken_back, *fix.amended}
    return Foreseen(
        taken_back=tuple(undos[name] for name in reversed(fix.taken_back)),
        changed=tuple(titles[name] for name in done if name in fix.amended),
        again=tuple(titles[name] for name in fix.begun_anew if name not in touched | asks),
        stays=tuple(titles[name] for name in done if name not in {*touched, *fix.begun_anew}),
        voided=would_void(pipeline, job, fix, plan),
        approval=plan.approval,
    )
