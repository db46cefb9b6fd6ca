"""Payloads that no client of Slack's would send, though Slack signed them: refused, or harmless, and nothing revealed."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
import pytest_asyncio

from bot.domain.entities import entity_ref
from bot.domain.job import Job, JobState
from bot.domain.request import Visibility
from bot.ports.service_catalog import Entity
from bot.slack import ids
from tests.unit import slack_jobs as jobs
from tests.unit import slack_wire
from tests.unit.slack_wire import Json, Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNKNOWN = "That job is not known any more."
SECRET_NAME = "Secret garden"
OLD_FORM = "This form is out of date. Close it and open it again."
ORIGIN = {"kind": "new-app", "template": "python-fastapi", "channel": "C0PAYMENTS"}
VALUES: Mapping[str, Json] = {
    "name": {"value": "Hello shop"},
    "description": {"value": "Says hello."},
    "hostname": {"value": "hello-shop"},
    "system": {"selected_option": {"value": "system:default/checkout"}},
    "owner": {"selected_option": {"value": "group:default/payments"}},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="opened")
async def _opened() -> AsyncIterator[Wire]:
    async with slack_wire.opened() as opened:
        yield opened


@pytest.fixture
def wire(opened: Wire) -> Wire:
    opened.forget()
    return opened


def private(job: Job) -> Job:
    """The same of a request that only its requester, the owners and the platform group may know of."""
    request = jobs.an_app_request(visibility=Visibility.PRIVATE, name=SECRET_NAME)
    return job.model_copy(update={"request": request})


def a_view(
    callback_id: str, metadata: str, values: Mapping[str, Json] | None = None, *, by: str = "U0ADA"
) -> Json:
    """A submitted modal in which everything is as the sender likes it."""
    filled_in: Mapping[str, Json] = VALUES if values is None else values
    return {
        "type": "view_submission",
        "user": {"id": by},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V0FORM",
            "type": "modal",
            "hash": "1",
            "callback_id": callback_id,
            "private_metadata": metadata,
            "blocks": [{"type": "input", "block_id": name} for name in filled_in],
            "state": {"values": {name: {"a": value} for name, value in filled_in.items()}},
        },
    }


def a_denial(job_id: str, *, by: str) -> Json:
    reason = {ids.REASON: {"value": "I say so."}}
    return a_view(ids.DENIAL, job_id, reason, by=by)


@pytest.mark.parametrize(
    "action_id",
    [
        *(ids.APPROVE, ids.BREAK_GLASS, ids.REVIEWED),
        *(ids.RETRY, ids.CANCEL, ids.UNDO, ids.HELP, ids.FIX),
    ],
)
async def test_a_button_with_the_id_of_a_job_that_they_may_not_know_of_reveals_nothing(
    wire: Wire, action_id: str
) -> None:
    waits = action_id in {ids.APPROVE, ids.BREAK_GLASS}
    secret = private(jobs.a_waiting_for_approval() if waits else jobs.a_failed_job())
    await wire.behind.jobs.create(secret)

    await wire.interacts(wire.press(action_id, secret.id, by="U0CHIARA"))
    await wire.interacts(wire.press(action_id, "nobody00", by="U0CHIARA"))

    about_secret, about_nothing = (told["text"] for told in wire.api.told if "text" in told)
    assert about_secret == about_nothing == UNKNOWN
    assert wire.stored(secret.id).state is secret.state


@pytest.mark.parametrize(
    "callback_id",
    [
        *(ids.APPROVAL, ids.DENIAL, ids.GLASS, ids.REVIEW),
        *(ids.UNDOING, ids.HELPING, ids.FIXING, ids.FIX_CONFIRMED),
    ],
)
async def test_a_modal_with_the_id_of_a_job_that_they_may_not_know_of_reveals_nothing(
    wire: Wire, callback_id: str
) -> None:
    waits = callback_id in {ids.APPROVAL, ids.DENIAL, ids.GLASS}
    secret = private(jobs.a_waiting_for_approval() if waits else jobs.a_failed_job())
    await wire.behind.jobs.create(secret)
    reason = {ids.REASON: {"value": "I say so."}}

    def about(job_id: str) -> Json:
        is_fix = callback_id in {ids.FIXING, ids.FIX_CONFIRMED}
        metadata = json.dumps({"job": job_id}) if is_fix else job_id
        return a_view(callback_id, metadata, reason, by="U0CHIARA")

    about_secret = await wire.interacts(about(secret.id))
    about_nothing = await wire.interacts(about("nobody00"))

    assert UNKNOWN in about_secret.text
    assert about_secret.text == about_nothing.text
    assert wire.stored(secret.id).state is secret.state
    assert wire.stored(secret.id).decision is None


async def test_an_approver_of_a_private_request_may_decide_although_it_is_not_theirs(
    wire: Wire,
) -> None:
    storefront = jobs.CHIARA.groups
    terms = jobs.TERMS.model_copy(
        update={"stages": (jobs.TERMS.stages[0].model_copy(update={"groups": tuple(storefront)}),)}
    )
    secret = private(jobs.a_waiting_for_approval(terms))
    await wire.behind.jobs.create(secret)

    await wire.interacts(wire.press(ids.APPROVE, secret.id, by="U0CHIARA"))

    decision = wire.stored(secret.id).decision
    assert decision
    assert decision.by == jobs.CHIARA


@pytest.mark.parametrize("by", ["U0ADA", "U0CHIARA", "U0NOBODY"])
async def test_a_denial_of_a_job_that_was_not_shown_needs_the_right_to_it_all_the_same(
    wire: Wire, by: str
) -> None:
    await wire.behind.jobs.create(jobs.a_waiting_for_approval())

    answer = await wire.interacts(a_denial("k3v9x2ab", by=by))

    assert answer.json()["response_action"] == "errors"
    assert wire.stored("k3v9x2ab").decision is None


async def test_an_undo_of_a_job_that_was_not_shown_needs_the_right_to_it_all_the_same(
    wire: Wire,
) -> None:
    await wire.behind.jobs.create(jobs.a_failed_job())

    answer = await wire.interacts(a_view(ids.UNDOING, "k3v9x2ab", by="U0CHIARA"))

    assert "Only Ada Okafor" in answer.text
    assert wire.stored("k3v9x2ab").state is JobState.FAILED


async def test_a_denial_without_its_reason_is_asked_for_one(wire: Wire) -> None:
    await wire.behind.jobs.create(jobs.a_waiting_for_approval())
    other = a_view(ids.DENIAL, "k3v9x2ab", {"other": {"value": "x"}}, by="U0DENIZ")

    answer = await wire.interacts(other)

    assert "out of date" in wire.said()
    assert answer.status_code == 200
    assert wire.stored("k3v9x2ab").decision is None


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "{",
        "null",
        "[]",
        "k3v9x2ab",
        json.dumps({**ORIGIN, "more": 1}),
        json.dumps({**ORIGIN, "channel": 5}),
        json.dumps({**ORIGIN, "channel": "general"}),
        json.dumps({**ORIGIN, "channel": "C0PAYMENTS<!channel>"}),
        json.dumps({"template": "python-fastapi"}),
        '{"kind": "' + "\ud800" + '", "template": "", "channel": ""}',
        json.dumps({**ORIGIN, "kind": "x" * 2900}),
        json.dumps({**ORIGIN, "drawn": "x" * 2900}),
    ],
    ids=range(13),
)
async def test_a_form_that_does_not_know_where_it_came_from_is_refused(
    wire: Wire, metadata: str
) -> None:
    answer = await wire.interacts(a_view(ids.FORM, metadata))

    assert answer.status_code in {200, 400}
    assert wire.behind.jobs.jobs == {}
    assert answer.status_code == 400 or OLD_FORM in wire.said()


@pytest.mark.parametrize("origin", [{"kind": "new-system"}, {"kind": "x"}, {"template": "system"}])
async def test_a_form_of_another_kind_asks_for_what_its_template_makes_or_for_nothing(
    wire: Wire, origin: Json
) -> None:
    answer = await wire.interacts(a_view(ids.FORM, json.dumps({**ORIGIN, **origin})))

    assert answer.status_code == 200
    assert {job.request.template for job in wire.behind.jobs.jobs.values()} <= {
        "python-fastapi",
        "system",
    }


async def test_a_form_of_no_template_is_refused_under_its_first_field(wire: Wire) -> None:
    origin = json.dumps({**ORIGIN, "template": "../../etc"})

    answer = await wire.interacts(a_view(ids.FORM, origin))

    assert "There is no template" in answer.json()["errors"]["name"]
    assert wire.behind.jobs.jobs == {}


async def test_a_form_without_a_field_is_refused(wire: Wire) -> None:
    answer = await wire.interacts(a_view(ids.FORM, json.dumps(ORIGIN), {}))

    assert answer.status_code == 200
    assert OLD_FORM in wire.said()


@pytest.mark.parametrize("callback_id", [ids.APPROVAL, ids.HELPING, ids.FIXING, ids.FORM])
@pytest.mark.parametrize("state", [{}, {"values": None}, None])
async def test_a_modal_without_what_was_filled_in_is_no_request(
    wire: Wire, callback_id: str, state: Json | None
) -> None:
    payload = a_view(callback_id, "k3v9x2ab")

    answer = await wire.interacts({**payload, "view": {**payload["view"], "state": state}})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "job_id", ["", "*", "k3v9x2ab}:lease", "../k3v9x2ab", "\0", "x" * 3000, "<!channel>"]
)
async def test_a_job_id_that_is_none_is_an_unknown_job(wire: Wire, job_id: str) -> None:
    await wire.behind.jobs.create(jobs.a_failed_job())

    for action_id in (ids.APPROVE, ids.RETRY, ids.CANCEL, ids.UNDO):
        await wire.interacts(wire.press(action_id, job_id))

    assert {told["text"] for told in wire.api.told if "text" in told} == {UNKNOWN}


@pytest.mark.parametrize(
    "change",
    [
        {"actions": [{"action_id": "no.such", "block_id": "b", "value": "k3v9x2ab"}]},
        {"actions": []},
        {"actions": [5]},
        {"actions": [{"action_id": ids.RETRY}]},
        {"user": {"id": "<@U0ADA>"}},
        {"user": 5},
        {"trigger_id": None},
        {"type": "no_such"},
        {"team": 5},
        {"channel": {"id": 5}},
        {"view": []},
    ],
    ids=str,
)
async def test_a_press_that_is_none_is_not_acted_on(wire: Wire, change: Json) -> None:
    await wire.behind.jobs.create(jobs.a_failed_job())

    answer = await wire.interacts({**wire.press(ids.RETRY, "k3v9x2ab"), **change})

    assert answer.status_code < 500
    assert wire.stored("k3v9x2ab").state is JobState.FAILED


@pytest.mark.parametrize(
    "command",
    [
        b"command=%2Fidp&user_id=U0ADA&trigger_id=1&channel_id=C0PAYMENTS",
        b"command=%2Fidp&user_id=U0ADA&trigger_id=1&channel_id=00&response_url=https%3A%2F%2Fx",
        b"command=%2Fidp&user_id=0U&trigger_id=1&channel_id=C0PAYMENTS&response_url=https%3A%2F%2Fx",
    ],
    ids=["nowhere", "no place", "nobody"],
)
async def test_a_command_that_cannot_be_answered_is_refused(wire: Wire, command: bytes) -> None:
    answer = await wire.sends(command)

    assert answer.status_code == 400


@pytest.mark.parametrize("action_id", ["pick.resource", "pick.group.resource.x", "choose"])
async def test_a_search_for_what_no_form_asks_for_finds_nothing(wire: Wire, action_id: str) -> None:
    view = a_view(ids.FORM, json.dumps(ORIGIN))["view"]
    search = {"type": "block_suggestion", "user": {"id": "U0ADA"}, "value": "", "view": view}
    database = entity_ref("ledger", kind="resource")
    wire.behind.catalog._known[database] = Entity(ref=database, title="Ledger")

    answer = await wire.interacts({**search, "action_id": action_id, "block_id": "none"})

    offered = [option["value"] for option in answer.json()["options"]]
    assert all(value.startswith("group:") for value in offered)


async def test_a_search_in_a_form_that_is_none_finds_nothing(wire: Wire) -> None:
    view = a_view(ids.FORM, "{")["view"]
    search = {"type": "block_suggestion", "user": {"id": "U0ADA"}, "value": "", "view": view}

    answer = await wire.interacts({**search, "action_id": ids.CHOOSE, "block_id": "none"})

    assert answer.json() == {"options": []}


@pytest.fixture(autouse=True)
def _nothing_went_wrong(wire: Wire) -> Iterator[None]:
    yield
    assert wire.troubles.found == []
    assert wire.api.refused == []
    assert "should not" not in wire.said()
