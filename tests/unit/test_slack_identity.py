"""Who a Slack user is, with a Slack that knows all kinds of users."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.adapters.memory.clock import MemoryClock
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.domain.audience import AT_MOST
from bot.domain.entities import entity_ref
from bot.domain.errors import PermanentError, TemporaryError
from bot.pipeline.approvals import standing_of
from bot.pipeline.audiences import audience_of
from bot.ports.service_catalog import Entity
from bot.sandbox.serving import served
from bot.slack.identity import ADDRESS_REMEMBERED_FOR, REMEMBERED_FOR, SlackDirectory
from tests.builders import PLATFORM
from tests.unit import slack_jobs

TEAM = "T0DEMO"
PAYMENTS = entity_ref("payments", kind="group")


def a_user(name: str, **known: Any) -> Entity:
    groups = frozenset({PAYMENTS})
    return Entity(
        ref=entity_ref(name, kind="user"), title=name.title(), **{"groups": groups, **known}
    )


class Slack:
    """Answers the two methods of users, and counts."""

    def __init__(self) -> None:
        self.users: dict[str, Mapping[str, Any]] = {}
        self.calls = 0
        self.refusal: Response | None = None

    def has(self, slack_id: str, email: str, **signs: Any) -> None:
        home = {"id": slack_id, "team_id": TEAM, "profile": {"email": email}}
        self.users[slack_id] = {**home, **signs}

    async def auth_test(self, _: Request) -> Response:
        return JSONResponse({"ok": True, "team_id": TEAM})

    async def users_info(self, request: Request) -> Response:
        return self._answer(self.users.get(request.query_params["user"]), "user_not_found")

    async def users_lookup(self, request: Request) -> Response:
        email = request.query_params["email"]
        found = [u for u in self.users.values() if u["profile"]["email"] == email]
        return self._answer(found[0] if found else None, "users_not_found")

    def _answer(self, user: Mapping[str, Any] | None, otherwise: str) -> Response:
        self.calls += 1
        if self.refusal:
            return self.refusal
        return JSONResponse({"ok": True, "user": user} if user else failed(otherwise))


def failed(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


@pytest.fixture
def slack() -> Slack:
    return Slack()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@contextlib.asynccontextmanager
async def directory_of(
    slack: Slack, clock: MemoryClock, *entities: Entity, by_email: bool = True
) -> AsyncIterator[SlackDirectory]:
    methods = {
        "auth.test": slack.auth_test,
        "users.info": slack.users_info,
        "users.lookupByEmail": slack.users_lookup,
    }
    app = Starlette(
        routes=[
            Route(f"/api/{name}", answer, methods=["GET", "POST"])
            for name, answer in methods.items()
        ]
    )
    async with served(app, 0) as port:
        client = AsyncWebClient(token="xoxb-1", base_url=f"http://127.0.0.1:{port}/api/")
        yield SlackDirectory(client, MemoryCatalog(entities=entities), clock, by_email=by_email)


async def test_a_person_is_found_by_the_annotation_of_their_catalog_entity(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "other@example.com")

    async with directory_of(slack, clock, a_user("ada", slack_id="U1")) as directory:
        person = await directory.whois("U1")

    assert person
    assert (str(person.user), person.name, person.slack_id) == ("user:default/ada", "Ada", "U1")
    assert person.is_in(PAYMENTS)


async def test_a_person_without_an_annotation_is_found_by_their_address(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "ada@example.com")

    async with directory_of(slack, clock, a_user("ada", email="ada@example.com")) as directory:
        person = await directory.whois("U1")

    assert person
    assert str(person.user) == "user:default/ada"


@pytest.mark.parametrize(
    "signs",
    [{"team_id": "T0OTHER"}, {"is_email_confirmed": False}],
    ids=["elsewhere", "unconfirmed"],
)
async def test_an_address_proves_nothing_that_another_workspace_or_nobody_has_verified(
    slack: Slack, clock: MemoryClock, signs: dict[str, Any]
) -> None:
    slack.has("U1", "ada@example.com", **signs)
    ada = a_user("ada", email="ada@example.com")

    async with directory_of(slack, clock, ada) as directory:
        assert await directory.whois("U1") is None


async def test_where_only_annotations_count_an_address_finds_nobody(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "ada@example.com")
    slack.has("U2", "bruno@example.com")
    people = (a_user("ada", email="ada@example.com"), a_user("bruno", slack_id="U2"))

    async with directory_of(slack, clock, *people, by_email=False) as directory:
        assert await directory.whois("U1") is None
        assert await directory.whois("U2")
        assert await directory.slack_ids(PAYMENTS) == ("U2",)


@pytest.mark.parametrize(
    "sign", ["deleted", "is_bot", "is_stranger", "is_restricted", "is_ultra_restricted"]
)
async def test_bots_guests_strangers_and_those_who_left_are_nobody(
    slack: Slack, clock: MemoryClock, sign: str
) -> None:
    slack.has("U1", "ada@example.com", **{sign: True})

    async with directory_of(slack, clock, a_user("ada", slack_id="U1")) as directory:
        assert await directory.whois("U1") is None


@pytest.mark.parametrize(
    "known", [{"slack_id": "U1"}, {"email": "ada@example.com"}], ids=["annotation", "address"]
)
@pytest.mark.parametrize(
    "signs",
    [
        {"team_id": "T0OTHER", "is_stranger": False},
        {"team_id": "T0OTHER", "enterprise_user": {"teams": ["T0OTHER", "T0THIRD"]}},
        {"is_restricted": True},
        {"deleted": True},
    ],
    ids=["shared channel", "other enterprise", "guest", "left"],
)
async def test_who_is_no_member_of_the_workspace_is_nobody_and_is_not_written_to(
    slack: Slack, clock: MemoryClock, signs: dict[str, Any], known: dict[str, Any]
) -> None:
    slack.has("U1", "ada@example.com", **signs)

    async with directory_of(slack, clock, a_user("ada", **known)) as directory:
        assert await directory.whois("U1") is None
        assert await directory.slack_ids(PAYMENTS) == ()


async def test_who_is_at_home_in_another_workspace_of_the_enterprise_may_be_a_member_of_this_one(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "", team_id="T0OTHER", enterprise_user={"teams": ["T0OTHER", TEAM]})

    async with directory_of(slack, clock, a_user("ada", slack_id="U1")) as directory:
        assert await directory.whois("U1")
        assert await directory.slack_ids(PAYMENTS) == ("U1",)


async def test_an_annotation_for_another_account_goes_before_an_address(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "ada@old.example.com")
    slack.has("U2", "ada@example.com")
    ada = a_user("ada", slack_id="U1", email="ada@example.com")

    async with directory_of(slack, clock, ada) as directory:
        assert await directory.whois("U2") is None
        assert await directory.whois("U1")
        assert await directory.slack_ids(PAYMENTS) == ("U1",)


@pytest.mark.parametrize(
    "known", [{"slack_id": "U1"}, {"email": "desk@example.com"}], ids=["annotation", "address"]
)
async def test_who_may_be_either_of_two_users_is_told_so_and_is_neither(
    slack: Slack, clock: MemoryClock, known: dict[str, Any]
) -> None:
    slack.has("U1", "desk@example.com")
    people = (a_user("ada", **known), a_user("zoe", **known))

    async with directory_of(slack, clock, *people) as directory:
        with pytest.raises(
            PermanentError, match=r"account U1 .*user:default/ada, user:default/zoe"
        ):
            await directory.whois("U1")
        assert await directory.slack_ids(PAYMENTS) == ()


async def test_somebody_whom_slack_or_the_catalog_does_not_know_is_nobody(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "new@example.com")

    async with directory_of(slack, clock) as directory:
        assert await directory.whois("U1") is None
        assert await directory.whois("U2") is None


async def test_a_person_is_remembered_for_a_short_time_only(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "ada@example.com")

    async with directory_of(slack, clock, a_user("ada", slack_id="U1")) as directory:
        await directory.whois("U1")
        await directory.whois("U1")
        assert slack.calls == 1

        slack.has("U1", "ada@example.com", deleted=True)
        clock.advance(REMEMBERED_FOR + timedelta(seconds=1))
        assert await directory.whois("U1") is None


async def test_members_of_a_group_are_found_by_annotation_or_address(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U2", "bruno@example.com")
    slack.has("U1", "ada@example.com")
    members = (
        a_user("ada", slack_id="U1"),
        a_user("bruno", email="bruno@example.com"),
        a_user("carl", email="carl@example.com"),
        a_user("dora"),
    )

    async with directory_of(slack, clock, *members) as directory:
        assert await directory.slack_ids(PAYMENTS) == ("U1", "U2")


async def test_of_a_large_group_only_as_many_are_looked_up_as_are_told(
    slack: Slack, clock: MemoryClock
) -> None:
    waiting = slack_jobs.a_waiting_for_approval()
    standing = standing_of(waiting)
    assert standing
    groups = frozenset(standing.approvers)
    crowd = [a_user(f"p{n:03}", email=f"p{n:03}@example.com", groups=groups) for n in range(100)]
    for n in range(1, 100):
        slack.has(f"U{n}", f"p{n:03}@example.com")

    async with directory_of(slack, clock, *crowd) as directory:
        audience = await audience_of(waiting, directory, PLATFORM)
        assert len(audience.approvers) == AT_MOST
        asked = slack.calls
        assert (
            asked <= 2 * AT_MOST + 5
        )  # an address, and whether the account behind it still counts

        clock.advance(REMEMBERED_FOR + timedelta(seconds=1))
        assert await audience_of(waiting, directory, PLATFORM) == audience
        assert slack.calls <= asked + AT_MOST + 1, "addresses are remembered for longer"

        clock.advance(ADDRESS_REMEMBERED_FOR)
        assert await audience_of(waiting, directory, PLATFORM) == audience
        assert slack.calls <= 3 * asked


async def test_those_whom_slack_told_of_before_it_refused_are_not_looked_up_again(
    slack: Slack, clock: MemoryClock
) -> None:
    for name in ("ada", "bruno"):
        slack.has(f"U_{name}", f"{name}@example.com")
    members = [a_user(name, email=f"{name}@example.com") for name in ("ada", "bruno")]

    async with directory_of(slack, clock, *members) as directory:
        assert await directory.slack_ids(PAYMENTS, at_most=1) == ("U_ada",)
        slack.refusal = JSONResponse(failed("ratelimited"), 429, {"Retry-After": "7"})
        with pytest.raises(TemporaryError):
            await directory.slack_ids(PAYMENTS)
        slack.refusal = None
        assert await directory.slack_ids(PAYMENTS) == ("U_ada", "U_bruno")

    assert slack.calls == 5, "an address and an account each, and one refusal"


async def test_members_who_are_nobody_in_slack_are_not_looked_up_for_each_thing_that_is_told(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "ada@example.com", is_restricted=True)
    slack.has("U2", "", is_restricted=True)
    slack.has("U3", "desk@example.com")
    members = (
        a_user("ada", email="ada@example.com"),
        a_user("bruno", slack_id="U2"),
        a_user("zoe", email="desk@example.com"),
        a_user("yan", email="desk@example.com"),
    )

    async with directory_of(slack, clock, *members) as directory:
        assert await directory.slack_ids(PAYMENTS, at_most=15) == ()
        asked = slack.calls
        assert await directory.slack_ids(PAYMENTS, at_most=15) == ()
        assert slack.calls == asked

        slack.has("U2", "")
        clock.advance(REMEMBERED_FOR + timedelta(seconds=1))
        assert await directory.slack_ids(PAYMENTS, at_most=15) == ("U2",)


async def test_who_presses_a_button_is_somebody_as_soon_as_slack_says_so(
    slack: Slack, clock: MemoryClock
) -> None:
    slack.has("U1", "", is_restricted=True)

    async with directory_of(slack, clock, a_user("ada", slack_id="U1")) as directory:
        assert await directory.slack_ids(PAYMENTS) == ()
        slack.has("U1", "")
        assert await directory.whois("U1")
        assert await directory.slack_ids(PAYMENTS) == ("U1",)


async def test_a_slack_in_trouble_is_no_reason_to_call_somebody_nobody(
    slack: Slack, clock: MemoryClock
) -> None:
    ada = a_user("ada", email="ada@example.com")
    async with directory_of(slack, clock, ada) as directory:
        slack.refusal = JSONResponse(failed("internal_error"))
        with pytest.raises(TemporaryError):
            await directory.whois("U1")

        slack.refusal = JSONResponse(failed("ratelimited"), 429, {"Retry-After": "7"})
        with pytest.raises(TemporaryError) as caught:
            await directory.whois("U1")
        assert caught.value.retry_after == timedelta(seconds=7)

        slack.refusal = JSONResponse(failed("missing_scope"))
        with pytest.raises(PermanentError, match="Add the scope"):
            await directory.whois("U1")

        slack.refusal = JSONResponse(failed("token_revoked"))
        with pytest.raises(TemporaryError, match="set SLACK_BOT_TOKEN"):
            await directory.whois("U1")
        with pytest.raises(TemporaryError, match="set SLACK_BOT_TOKEN"):
            await directory.slack_ids(PAYMENTS)

        for nonsense in ("text/html", "application/json"):
            slack.refusal = Response("<h1>Log in to the hotel's network</h1>", media_type=nonsense)
            with pytest.raises(TemporaryError, match="no proper answer"):
                await directory.whois("U1")
