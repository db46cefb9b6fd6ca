"""Wait until somebody who may has agreed."""

from datetime import timedelta

from bot.domain.approval import Verdict, is_expired
from bot.domain.errors import Declined, NotYet
from bot.pipeline.facts import AppPlan, Approval, SystemPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step
from bot.ports.clock import Clock

FOREVER = timedelta(days=365)


@step("Get approval", patience=FOREVER)
async def await_approval(plan: AppPlan | SystemPlan, job: JobContext, clock: Clock) -> Approval:
    """Holds no worker: a decision wakes the job, and so does the end of the time allowed.

    Who may decide was checked when the decision was taken; the store keeps only the first one.
    """
    terms = plan.approval
    if terms is None:
        return Approval(decision=None)
    match job.decision:
        case None if is_expired(terms, now=clock()):
            raise Declined("Nobody decided within the time allowed, so the request has expired.")
        case None:
            groups = " or ".join(group.name for group in terms.approvers)
            raise NotYet(f"approval by somebody of {groups}", terms.expires_at - clock())
        case decision if decision.verdict is Verdict.DENIED:
            raise Declined(f"Denied by {decision.by.name}: {decision.reason}")
        case decision:
            return Approval(decision=decision)
