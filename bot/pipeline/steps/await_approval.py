"""Wait until somebody who may has agreed."""

from datetime import datetime, timedelta

from bot.domain.approval import (
    ApprovalTerms,
    Standing,
    Verdict,
    is_asked_otherwise,
    is_expired,
    named,
    next_moment,
    standing,
)
from bot.domain.errors import Declined, NotYet, PlanAgain
from bot.domain.platform import Platform
from bot.domain.policy import Policy
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.facts import AppPlan, Approval, SystemPlan
from bot.pipeline.pipeline import JobContext
from bot.pipeline.rights_now import terms_now
from bot.pipeline.step import step
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.template_library import TemplateLibrary

FOREVER = timedelta(days=365)


@step("Get approval", patience=FOREVER)
async def await_approval(
    request: AppRequest | SystemRequest,
    plan: AppPlan | SystemPlan,
    job: JobContext,
    platform: Platform,
    policy: Policy,
    directory: Directory,
    templates: TemplateLibrary,
    clock: Clock,
) -> Approval:
    """Holds no worker: a decision wakes the job, and so do a reminder, an escalation and the end of the time allowed.

    Who may decide was checked when the decision was taken; the store says which one settled it. What was agreed to is
    the plan: where the template has changed since, or somebody else would have to agree by now, as the requester has
    left a group, it is made again first.
    """
    terms, decision = plan.approval, job.decision
    if terms and not decision:
        raise _still_open(terms, job, now=clock())
    if decision and decision.verdict is Verdict.DENIED:
        raise Declined(f"Denied by {decision.by.name}: {decision.reason}")
    if decision and templates.get(request.template).digest != plan.template_digest:
        raise PlanAgain("The template has changed since this was planned.")
    asked = await terms_now(
        request, directory=directory, platform=platform, policy=policy, now=clock()
    )
    if is_asked_otherwise(terms, asked):
        raise PlanAgain("Who has to agree has changed since this was planned.")
    return Approval(decision=decision)


def _still_open(terms: ApprovalTerms, job: JobContext, *, now: datetime) -> Declined | NotYet:
    if is_expired(terms, now=now):
        return Declined("Nobody decided within the time allowed, so the request has expired.")
    waits_for = standing(terms, job.decisions, now=now)
    return NotYet(_wanted(waits_for), next_moment(terms, now=now) - now)


def _wanted(standing: Standing) -> str:
    whom = "somebody" if standing.missing == 1 else f"{standing.missing} members"
    of = f"approval by {whom} of {named(standing.approvers)}"
    return of if standing.stages == 1 else f"{of} (stage {standing.stage} of {standing.stages})"
