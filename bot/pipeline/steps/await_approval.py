"""Wait until somebody who may has agreed."""

from datetime import timedelta

from bot.domain.approval import Standing, Verdict, is_expired, named, next_moment, standing
from bot.domain.errors import Declined, NotYet, PlanAgain
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.facts import AppPlan, Approval, SystemPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.template_library import TemplateLibrary

FOREVER = timedelta(days=365)


@step("Get approval", patience=FOREVER)
async def await_approval(
    request: AppRequest | SystemRequest,
    plan: AppPlan | SystemPlan,
    job: JobContext,
    templates: TemplateLibrary,
    clock: Clock,
) -> Approval:
    """Holds no worker: a decision wakes the job, and so do a reminder, an escalation and the end of the time allowed.

    Who may decide was checked when the decision was taken; the store says which one settled it. What was agreed to is
    the plan: where the template has changed since, it is made again first.
    """
    terms = plan.approval
    if terms is None:
        return Approval(decision=None)
    match job.decision:
        case None if is_expired(terms, now=clock()):
            raise Declined("Nobody decided within the time allowed, so the request has expired.")
        case None:
            now = clock()
            waits_for = standing(terms, job.decisions, now=now)
            raise NotYet(_wanted(waits_for), next_moment(terms, now=now) - now)
        case decision if decision.verdict is Verdict.DENIED:
            raise Declined(f"Denied by {decision.by.name}: {decision.reason}")
        case decision:
            if templates.get(request.template).digest != plan.template_digest:
                raise PlanAgain("The template has changed since this was planned.")
            return Approval(decision=decision)


def _wanted(standing: Standing) -> str:
    whom = "somebody" if standing.missing == 1 else f"{standing.missing} members"
    of = f"approval by {whom} of {named(standing.approvers)}"
    return of if standing.stages == 1 else f"{of} (stage {standing.stage} of {standing.stages})"
