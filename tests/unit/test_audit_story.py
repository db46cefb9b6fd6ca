"""What a job and those who meddle with it leave behind in the audit."""

import json

import pytest

from bot.adapters.memory.lease import LEASE, MemoryLease
from bot.domain import secrecy
from bot.domain.approval import Verdict
from bot.domain.audit import AuditEntry, EntryKind
from bot.domain.digest import digest_of
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, RequestRejected, TemporaryError
from bot.domain.job import Job, JobState
from bot.domain.limits import Freeze
from bot.usecases.ask import ask
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.inspect_audit import inspect_audit
from bot.usecases.retry import retry
from bot.usecases.submission import Submission
from bot.usecases.undo import undo
from tests.builders import ADA, CHIARA, DENIZ, NOON, PLATFORM
from tests.world import World

SUBJECT = "new-system gift-cards of group:default/payments from system"
ASKER = ("user:default/chiara", "U0CHIARA")
DECIDER = ("user:default/deniz", "U0DENIZ")
FILE = f"{PLATFORM.gitlab_url}/{PLATFORM.catalog_project}/-/blob/main/systems/gift-cards.yaml"
ENTITY = b"""
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: gift-cards}
spec: {owner: group:default/payments}
"""


def a_submission(requester: Person = CHIARA, **changes: str) -> Submission:
    values = {
        "name": "Gift Cards",
        "description": "secret plans",
        "owner": "group:default/payments",
    }
    return Submission(
        id="V1",
        template=changes.pop("template", "system"),
        values=values | changes,
        requester=requester,
        channel="C0GENERAL",
    )


@pytest.fixture
async def world() -> World:
    world = World()
    await world.found_platform()
    return world


async def asked(world: World) -> Job:
    job = await world.advance(await ask(a_submission(), ports=world.ports))
    assert job.state is JobState.WAITING_APPROVAL
    return job


async def say(world: World, job: Job, verdict: Verdict, by: Person, reason: str = "") -> bool:
    reply = await decide(job.id, person=by, verdict=verdict, reason=reason, ports=world.ports)
    return reply.accepted


async def approved(world: World) -> Job:
    """A whole job, from the request to the end."""
    world.catalog.files = {FILE: ENTITY}
    job = await asked(world)
    assert await say(world, job, Verdict.APPROVED, DENIZ, "Fine.")
    job = await world.advance(job)
    assert job.state is JobState.DONE
    return job


def story(entries: list[AuditEntry]) -> list[tuple[str, str, str]]:
    return [(entry.kind, entry.step, entry.what) for entry in entries]


async def test_a_whole_job_with_its_approval_leaves_every_entry_once_and_in_order(
    world: World,
) -> None:
    job = await approved(world)

    assert story(world.audit.entries) == [
        ("request", "", "asked"),
        ("attempt", "plan_system", "began"),
        ("effect", "plan_system", "done"),
        ("attempt", "await_approval", "began"),
        ("outcome", "await_approval", "waiting"),
        ("outcome", "", "waiting-approval"),
        ("decision", "", "approved"),
        ("effect", "await_approval", "done"),
        ("attempt", "add_system_to_catalog", "began"),
        ("effect", "add_system_to_catalog", "done"),
        ("attempt", "await_catalog_entry", "began"),
        ("effect", "await_catalog_entry", "done"),
        ("outcome", "", "done"),
    ]
    assert [entry.version for entry in world.audit.entries] == list(range(1, job.version + 1))
    assert (await inspect_audit(world.audit, anchors=())).faults == []


async def test_an_entry_says_who_when_which_job_which_plan_and_where_it_was_told(
    world: World,
) -> None:
    job = await approved(world)

    entries = world.audit.entries
    assert {(e.what, (e.who, e.slack_id)) for e in entries if e.who} == {
        ("asked", ASKER),
        ("approved", DECIDER),
    }
    assert {(e.job, e.subject, e.at) for e in entries} == {(job.id, SUBJECT, NOON)}
    card = world.announcer.posted[0].ref.permalink
    assert card
    assert {e.permalink for e in entries} == {card}
    plan = digest_of(job.step("plan_system").fact)
    assert [e.plan for e in entries] == ["", "", *[plan] * (len(entries) - 2)]
    made = {e.step: e.made for e in entries if e.kind is EntryKind.EFFECT}
    assert made == {name: digest_of(record.fact) for name, record in job.steps.items()}
    [decision] = [e for e in entries if e.kind is EntryKind.DECISION]
    assert decision.detail == "Fine."


async def test_neither_an_address_nor_what_was_typed_freely_is_in_the_audit(world: World) -> None:
    await approved(world)

    everything = "\n".join(world.audit.stored)
    assert "@" not in everything
    assert "secret plans" not in everything


async def test_what_people_want_of_a_job_is_there_when_a_worker_has_looked_at_it(
    world: World,
) -> None:
    job = await asked(world)
    world.git.fail_next(PermanentError("GitLab says no.", "Ask."), call="ensure_files")
    assert await say(world, job, Verdict.APPROVED, DENIZ)
    job = await world.advance(job)
    assert job.state is JobState.FAILED

    assert (await retry(job.id, person=CHIARA, ports=world.ports)).accepted
    assert (await cancel(job.id, person=ADA, ports=world.ports)).accepted
    job = await world.advance(job)
    assert (await undo(job.id, person=DENIZ, ports=world.ports)).accepted
    job = await world.advance(job)

    wanted = [(e.what, e.slack_id) for e in world.audit.entries if e.kind is EntryKind.REQUEST]
    assert wanted == [
        ("asked", "U0CHIARA"),
        ("retry", "U0CHIARA"),
        ("cancel", "U0ADA"),
        ("undo", "U0DENIZ"),
    ]
    assert "GitLab says no." in {e.detail for e in world.audit.entries if e.what == "failed"}
    assert job.audited_version == job.version


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("point", ["before the entry", "before the mark"])
async def test_a_crash_between_event_and_entry_leaves_no_gap_and_no_double(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    async def crash(*_: object) -> None:
        raise Crash

    job = await ask(a_submission(), ports=world.ports)
    with monkeypatch.context() as patch:
        if point == "before the entry":
            patch.setattr(world.audit, "record", crash)
        else:
            patch.setattr(MemoryLease, "write_audited", crash)
        with pytest.raises(BaseExceptionGroup):
            await world.advance(job)
    world.jobs.leases.clear()

    job = await world.advance(job)

    versions = [entry.version for entry in world.audit.entries]
    assert versions == list(range(1, job.version + 1))
    assert job.audited_version == job.version


async def test_a_job_is_not_put_aside_while_the_audit_cannot_be_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: object) -> None:
        raise TemporaryError("Redis is gone.")

    job = await ask(a_submission(), ports=world.ports)
    with monkeypatch.context() as patch:
        patch.setattr(world.audit, "record", unreachable)
        await world.advance(job)

    assert world.audit.entries == []
    assert world.jobs.due_at[job.id] <= NOON + LEASE, "somebody else looks at it then"
    world.jobs.leases.clear()
    job = await world.advance(job)
    assert len(world.audit.entries) == job.version


async def test_entries_outlive_the_job(world: World) -> None:
    job = await approved(world)

    gone = await world.jobs.forget(ended_before=NOON.replace(year=2030))

    assert list(gone) == [job.id]
    assert len(world.audit.entries) == job.version


async def test_a_request_that_is_rejected_is_there_with_the_reasons(world: World) -> None:
    with pytest.raises(RequestRejected):
        await ask(a_submission(name="!"), ports=world.ports)
    with pytest.raises(PermanentError):
        await ask(a_submission(template="nothing"), ports=world.ports)
    await world.jobs.freeze(Freeze(reason="Moving.", by="deniz", since=NOON))
    with pytest.raises(RequestRejected):
        await ask(a_submission(), ports=world.ports)

    assert story(world.audit.entries) == [("refusal", "", "asked")] * 3
    assert {(e.who, e.slack_id) for e in world.audit.entries} == {ASKER}
    assert [e.subject for e in world.audit.entries] == ["system", "nothing", "system"]
    assert world.audit.entries[0].detail.startswith("name: ")
    assert "Moving." in world.audit.entries[2].detail


async def test_whoever_may_not_decide_or_steer_is_there_with_what_they_were_told(
    world: World,
) -> None:
    job = await asked(world)
    before = len(world.audit.entries)

    assert not await say(world, job, Verdict.APPROVED, CHIARA)
    assert not await say(world, job, Verdict.DENIED, DENIZ, reason=" ")
    stranger = CHIARA.model_copy(update={"user": ADA.user.model_copy(update={"name": "eve"})})
    for wish in (retry, cancel, undo):
        assert not (await wish(job.id, person=stranger, ports=world.ports)).accepted
        assert not (await wish("nobody", person=stranger, ports=world.ports)).accepted

    refused = world.audit.entries[before:]
    assert {entry.kind for entry in refused} == {EntryKind.REFUSAL}
    assert [(e.what, e.who.rpartition("/")[2], e.job) for e in refused] == [
        ("approved", "chiara", job.id),
        ("denied", "deniz", job.id),
        *((wish, "eve", known) for wish in ("retry", "cancel", "undo") for known in (job.id, "")),
    ]
    assert refused[0].detail == "You asked for this yourself, so somebody else has to decide."
    assert refused[0].subject == SUBJECT
    assert refused[0].plan == digest_of(job.step("plan_system").fact)
    assert refused[0].permalink


async def test_a_refusal_can_be_written_down_whatever_its_words_are() -> None:
    entry = AuditEntry(kind=EntryKind.REFUSAL, at=NOON, what="asked", detail="\ud800" + "x" * 9999)

    assert len(entry.detail) == 500
    assert json.loads(entry.model_dump_json())["detail"].startswith("?x")


def test_a_secret_at_the_edge_of_what_an_entry_keeps_is_masked_as_a_whole() -> None:
    token = "canary-at-the-edge-of-an-entry-0123456789"
    secrecy.keep(token)

    entry = AuditEntry(kind=EntryKind.REFUSAL, at=NOON, what="asked", detail="x" * 480 + token)

    assert "canary-at" not in entry.detail
