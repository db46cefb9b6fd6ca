"""Jobs in every state that a card can show."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.approval import ApprovalTerms, BreakGlass, Decision, Stage, Verdict
from bot.domain.break_glass import Review
from bot.domain.entities import EntityRef, Person, entity_ref
from bot.domain.environments import Environment
from bot.domain.job import HelpAsked, Job, JobState, MessageRef, StepRecord, StepState
from bot.domain.naming import app_names
from bot.domain.request import AppRequest, SystemRequest, Visibility
from bot.domain.value import Value
from bot.pipeline import facts
from bot.ports.git_host import Commit, Project

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
PAYMENTS = entity_ref("payments", kind="group")
PLATFORM = entity_ref("platform", kind="group")
CHECKOUT = entity_ref("checkout", kind="system")

ADA = Person(
    slack_id="U0ADA",
    user=entity_ref("ada", kind="user"),
    name="Ada Okafor",
    groups=frozenset({PAYMENTS}),
)
DENIZ = Person(
    slack_id="U0DENIZ",
    user=entity_ref("deniz", kind="user"),
    name="Deniz Kaya",
    groups=frozenset({PLATFORM}),
)
CHIARA = Person(
    slack_id="U0CHIARA",
    user=entity_ref("chiara", kind="user"),
    name="Chiara Rossi",
    groups=frozenset({entity_ref("storefront", kind="group")}),
)

TERMS = ApprovalTerms(
    reasons=("The repositories will be public.",),
    stages=(Stage(groups=(PLATFORM,)),),
    expires_at=NOW + timedelta(days=3),
)

GLASS = BreakGlass(groups=(PAYMENTS,), reviewers=(PLATFORM,), review_within=timedelta(days=1))
TERMS_WITH_GLASS = TERMS.model_copy(update={"break_glass": GLASS})


def an_app_request(**changes: Any) -> AppRequest:
    request = {
        "template": "python-fastapi",
        "name": "Hello shop",
        "slug": "hello-shop",
        "system": CHECKOUT,
        "description": "Says hello to customers.",
        "hostname": "hello-shop",
        "owner": PAYMENTS,
        "visibility": Visibility.INTERNAL,
        "requester": ADA,
    }
    return AppRequest.model_validate({**request, **changes})


def a_system_request(**changes: Any) -> SystemRequest:
    request = {
        "template": "system",
        "name": "Gift cards",
        "slug": "gift-cards",
        "description": "Sells and redeems gift cards.",
        "owner": PAYMENTS,
        "requester": ADA,
    }
    return SystemRequest.model_validate({**request, **changes})


def a_job(**changes: Any) -> Job:
    job = {
        "id": "k3v9x2ab",
        "request": an_app_request(),
        "channel": "C0PAYMENTS",
        "state": JobState.RUNNING,
        "created_at": NOW,
    }
    return Job.model_validate({**job, **changes})


def done(fact: Value, seconds: int = 4) -> StepRecord:
    return StepRecord(
        state=StepState.DONE,
        attempts=1,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=seconds),
        fact=fact.model_dump(mode="json"),
    )


def app_steps(
    *, approval: ApprovalTerms | None = None, decision: Decision | None = None
) -> Mapping[str, StepRecord]:
    """All steps of a new application, done."""
    commit = Commit(sha="1" * 40, web_url="https://gitlab.example.com/c/1")
    names = app_names(gitlab_group="idp", owner=PAYMENTS, system=CHECKOUT, slug="hello-shop")
    return {
        "plan_app": done(
            facts.AppPlan(
                names=names,
                environment=Environment(name="development", domain="example.com"),
                host="hello-shop.example.com",
                url="https://hello-shop.example.com",
                template_digest="d1",
                approval=approval,
            )
        ),
        "await_approval": done(facts.Approval(decision=decision)),
        "create_deployment_repository": done(
            facts.DeploymentRepository(
                project=a_project(names.deployment_repository), commit=commit
            )
        ),
        "create_app_repository": done(
            facts.AppRepository(project=a_project(names.app_repository), commit=commit)
        ),
        "await_pipeline": done(
            facts.FirstPipeline(web_url="https://gitlab.example.com/p/7", deployed=commit)
        ),
        "declare_environment": done(
            facts.EnvironmentDeclaration(file="environments/development/a.yaml", commit=commit)
        ),
        "register_component": done(
            facts.CatalogEntry(
                ref=names.component_ref, web_url="https://backstage.example.com/catalog/1"
            )
        ),
        "await_deployment": done(
            facts.Deployment(
                application=names.full_name,
                web_url="https://argocd.example.com/applications/1",
                revision="1" * 40,
            )
        ),
        "await_live_url": done(
            facts.LiveUrl(url="https://hello-shop.example.com", answered_at=NOW)
        ),
    }


def system_steps(*, decision: Decision | None = None) -> Mapping[str, StepRecord]:
    """All steps of a new system, done."""
    ref = EntityRef(kind="system", namespace="default", name="gift-cards")
    commit = Commit(sha="1" * 40, web_url="https://gitlab.example.com/c/1")
    location = "https://gitlab.example.com/idp/platform/catalog/-/blob/main/systems/gift-cards.yaml"
    return {
        "plan_system": done(
            facts.SystemPlan(
                ref=ref, file="systems/gift-cards.yaml", template_digest="d1", approval=TERMS
            )
        ),
        "await_approval": done(facts.Approval(decision=decision)),
        "add_system_to_catalog": done(facts.SystemFile(location=location, commit=commit)),
        "await_catalog_entry": done(
            facts.CatalogEntry(ref=ref, web_url="https://backstage.example.com/catalog/2")
        ),
    }


def a_project(path: str) -> Project:
    return Project(
        path=path,
        web_url=f"https://gitlab.example.com/{path}",
        clone_url=f"https://gitlab.example.com/{path}.git",
        default_branch="main",
        mark="k3v9x2ab",
    )


def a_decision(verdict: Verdict = Verdict.APPROVED, reason: str = "") -> Decision:
    return Decision(verdict=verdict, by=DENIZ, at=NOW + timedelta(minutes=2), reason=reason)


def only(steps: Mapping[str, StepRecord], *names: str) -> dict[str, StepRecord]:
    return {name: steps[name] for name in names}


def a_waiting_for_approval(terms: ApprovalTerms = TERMS) -> Job:
    waiting = StepRecord(
        state=StepState.WAITING, attempts=1, waiting_since=NOW, reason="a decision by platform"
    )
    steps = {**only(app_steps(approval=terms), "plan_app"), "await_approval": waiting}
    return a_job(state=JobState.WAITING_APPROVAL, steps=steps, messages=posted())


def a_done_job() -> Job:
    decision = a_decision()
    return a_job(
        state=JobState.DONE,
        steps=app_steps(approval=TERMS, decision=decision),
        decision=decision,
        finished_at=NOW + timedelta(minutes=3, seconds=5),
        messages=posted(),
    )


def a_job_with_broken_glass(reason: str = "The shop is down.", **changes: Any) -> Job:
    """Done, as the requester herself let it go ahead; nobody has reviewed that so far."""
    broken = Decision(
        verdict=Verdict.BREAK_GLASS,
        by=ADA,
        at=NOW + timedelta(minutes=2),
        reason=reason,
        glass=GLASS,
    )
    steps = app_steps(approval=TERMS_WITH_GLASS, decision=broken)
    job = {"steps": steps, "decisions": (broken,), "decision": broken, **changes}
    return a_done_job().model_copy(update=job)


def a_review(remark: str = "") -> Review:
    return Review(by=DENIZ, at=NOW + timedelta(hours=2), remark=remark)


def a_failed_job(reason: str = "The pipeline failed.", fix: str = "Look at the job's log.") -> Job:
    failed = StepRecord(state=StepState.FAILED, attempts=2, reason=reason, fix=fix)
    made = only(
        app_steps(),
        "plan_app",
        "await_approval",
        "create_deployment_repository",
        "create_app_repository",
    )
    return a_job(state=JobState.FAILED, steps={**made, "await_pipeline": failed}, messages=posted())


def a_failed_job_with_help(**changes: Any) -> Job:
    """One about which the platform team was asked."""
    at = NOW + timedelta(minutes=5)
    asked = {"by": ADA, "at": at, "group": PLATFORM, "words": "It worked yesterday.", **changes}
    help_asked = (HelpAsked.model_validate(asked),)
    changed = {"finished_at": NOW + timedelta(minutes=1), "help_asked": help_asked}
    return a_failed_job().model_copy(update=changed)


def an_undone_job(state: JobState = JobState.UNDONE) -> Job:
    """One whose way back is gone to its end, or stands where the state says."""
    failed = a_failed_job()
    remark = done(facts.TakenBack(remark="idp/payments/checkout-hello-shop is deleted."))
    waiting = StepRecord(state=StepState.WAITING, started_at=NOW, reason="Argo CD", look_at=NOW)
    last = remark if state is JobState.UNDONE else waiting
    back = {"undo:create_app_repository": remark, "undo:create_deployment_repository": last}
    return failed.model_copy(
        update={
            "state": state,
            "undo_by": "Ada Okafor",
            "ending": "Undone, as Ada Okafor asked." if state.is_end else "",
            "steps": {**failed.steps, **back},
        }
    )


def a_denied_job(reason: str = "Not before the audit.") -> Job:
    declined = StepRecord(state=StepState.DECLINED, reason=f"Denied: {reason}")
    steps = {**only(app_steps(approval=TERMS), "plan_app"), "await_approval": declined}
    return a_job(
        state=JobState.CANCELLED,
        steps=steps,
        decision=a_decision(Verdict.DENIED, reason),
        ending=f"Denied: {reason}",
        messages=posted(),
    )


def posted(channel: str = "C0PAYMENTS") -> dict[str, MessageRef | None]:
    return {"card": MessageRef(channel=channel, ts="1793707200.000100")}
