"""Who a Slack user is: a user of the catalog, found by annotation or by the address Slack has verified."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.entities import EntityRef, Person
from bot.domain.errors import PermanentError
from bot.ports.clock import Clock
from bot.ports.service_catalog import Entity, ServiceCatalog
from bot.slack import web_api

REMEMBERED_FOR = timedelta(seconds=30)
ADDRESS_REMEMBERED_FOR = timedelta(hours=1)
_SLACKBOT = "USLACKBOT"
_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
_NOT_ONE_OF_US = (
    "deleted",
    "is_bot",
    "is_stranger",
    "is_restricted",
    "is_ultra_restricted",
)


class SlackDirectory:
    """Matches Slack users and catalog users; answers are remembered for half a minute, refusals are not.

    That somebody is nobody is remembered only where it is about whom to tell: who presses a button is looked up again.

    Whose an e-mail address is, which only says whom to tell, is remembered for an hour: large groups are looked up one by
    one, and what was found until Slack refused to go on is not asked again.

    Args:
        client: Slack.
        catalog: where people and their groups are known.
        clock: the time.
        by_email: whether the address that Slack has verified says who somebody is, where no annotation does. Members of
            other workspaces are nobody in any case, and another workspace verifies what it likes.
    """

    def __init__(
        self, client: AsyncWebClient, catalog: ServiceCatalog, clock: Clock, *, by_email: bool
    ) -> None:
        self._client = client
        self._catalog = catalog
        self._clock = clock
        self._by_email = by_email
        self._team = ""
        self._people: dict[str, tuple[datetime, tuple[Person, ...]]] = {}
        self._members: dict[EntityRef, tuple[datetime, tuple[Entity, ...]]] = {}
        self._addresses: dict[str, tuple[datetime, str | None]] = {}

    async def whois(self, slack_id: str) -> Person | None:
        """The person behind a Slack user; bots, guests, strangers and those who left are nobody.

        Raises:
            PermanentError: several users of the catalog fit, so it is not known who of them it is.
        """
        known = self._remembered(slack_id) or ()
        found = known if len(known) == 1 else await self._found(slack_id)
        if len(found) > 1:
            named = ", ".join(str(each.user) for each in found)
            raise PermanentError(
                f"The Slack account {slack_id} fits several users of the catalog ({named}), so nothing is done for it.",
                "Ask the platform team to put the annotation slack.com/user-id on the right one.",
            )
        return found[0] if found else None

    async def slack_ids(self, group: EntityRef, *, at_most: int | None = None) -> tuple[str, ...]:
        """The Slack users who are members of a group, of those alone whom `whois` knows as these very members."""
        found: list[str] = []
        for member in await self._members_of(group):
            if len(found) == at_most:
                break
            if slack_id := await self._slack_id(member):
                found.append(slack_id)
        return tuple(found)

    async def _members_of(self, group: EntityRef) -> tuple[Entity, ...]:
        known = self._members.get(group)
        if known and known[0] > self._clock():
            return known[1]
        members = await self._catalog.members(group)
        self._members[group] = (self._clock() + REMEMBERED_FOR, members)
        return members

    def _remembered(self, slack_id: str) -> tuple[Person, ...] | None:
        known = self._people.get(slack_id)
        return known[1] if known and known[0] > self._clock() else None

    async def _found(self, slack_id: str) -> tuple[Person, ...]:
        """All whom the Slack user may be now."""
        self._people.pop(slack_id, None)
        found = tuple(_person(slack_id, entity) for entity in await self._look_up(slack_id))
        self._people[slack_id] = (self._clock() + REMEMBERED_FOR, found)
        return found

    async def _look_up(self, slack_id: str) -> Sequence[Entity]:
        """What an address finds does not count where its annotation names another account."""
        user = await self._user(slack_id)
        if not user or slack_id == _SLACKBOT or not await self._is_one_of_us(user):
            return ()
        email = self._proven_email(user)
        found = await self._catalog.find_users(slack_id=slack_id, email=email)
        return [entity for entity in found if entity.slack_id in {"", slack_id}]

    async def _is_one_of_us(self, user: dict[str, Any]) -> bool:
        """Whether they are a full member of the bot's own workspace.

        Slack tells of members of other workspaces, too, where they share a channel. In an enterprise somebody is at
        home in one workspace and may be a member of others.
        """
        if any(user.get(sign) for sign in _NOT_ONE_OF_US):
            return False
        enterprise = user.get("enterprise_user") or {}
        return await self._own_team() in {user.get("team_id"), *(enterprise.get("teams") or ())}

    def _proven_email(self, user: dict[str, Any]) -> str:
        """The address by which one of us may be found; empty where it proves nothing."""
        if not self._by_email or user.get("is_email_confirmed") is False:
            return ""
        return str(user.get("profile", {}).get("email") or "")

    async def _own_team(self) -> str:
        if not self._team:
            with web_api.translated("ask whose workspace this is", outlasts_token=True):
                self._team = str((await self._client.auth_test())["team_id"])
        return self._team

    async def _user(self, slack_id: str) -> dict[str, Any] | None:
        with web_api.translated("look up a user", outlasts_token=True):
            try:
                answer = await self._client.users_info(user=slack_id)
            except SlackApiError as error:
                if web_api.error_code(error) in _NOBODY:
                    return None
                raise
        return dict(answer["user"])

    async def _slack_id(self, member: Entity) -> str | None:
        """The member's account, if it is nobody else's by the same rules as when they press a button."""
        slack_id = member.slack_id or await self._account_of(member.email)
        if not slack_id:
            return None
        known = self._remembered(slack_id)
        found = await self._found(slack_id) if known is None else known
        return slack_id if [each.user for each in found] == [member.ref] else None

    async def _account_of(self, email: str) -> str | None:
        if not email or not self._by_email:
            return None
        known = self._addresses.get(email)
        if known and known[0] > self._clock():
            return known[1]
        slack_id = await self._look_up_address(email)
        self._addresses[email] = (self._clock() + ADDRESS_REMEMBERED_FOR, slack_id)
        return slack_id

    async def _look_up_address(self, email: str) -> str | None:
        with web_api.translated("look up an e-mail address", outlasts_token=True):
            try:
                answer = await self._client.users_lookupByEmail(email=email)
            except SlackApiError as error:
                if web_api.error_code(error) in _NOBODY:
                    return None
                raise
        return str(answer["user"]["id"])


def _person(slack_id: str, entity: Entity) -> Person:
    return Person(
        slack_id=slack_id,
        user=entity.ref,
        name=entity.title or entity.ref.name,
        groups=entity.groups,
    )
