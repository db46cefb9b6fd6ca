"""users.*, bots.*, team.*, auth.*: who is who."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.slack.api import arguments
from bot.sandbox.slack.api.arguments import Arguments
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Person
from bot.sandbox.slack.workspace import Workspace

Answer = dict[str, Any]


def described(workspace: Workspace, person: Person) -> Answer:
    """Word a member as Slack does, with the time zone that their clock shows today."""
    now = datetime.now(UTC).astimezone(ZoneInfo(person.tz))
    offset = now.utcoffset()
    profile = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": person.real_name.partition(" ")[0],
        "last_name": person.real_name.partition(" ")[2],
        "title": person.title,
        "team": TEAM_ID,
    }
    if "users:read.email" in workspace.app.scopes:
        profile["email"] = person.email
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": False,
        "tz": person.tz,
        "tz_label": now.tzname() or person.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "updated": 0,
    }


def _app_user(workspace: Workspace) -> Answer:
    app = workspace.app
    return {
        "id": app.user_id,
        "team_id": TEAM_ID,
        "name": app.name,
        "real_name": app.name,
        "deleted": False,
        "is_bot": True,
        "is_app_user": False,
        "profile": {"real_name": app.name, "bot_id": app.bot_id, "api_app_id": app.id},
    }


async def info(workspace: Workspace, given: Arguments) -> Answer:
    """Describe one member."""
    arguments.required(given, "user")
    if given["user"] == workspace.app.user_id:
        return {"user": _app_user(workspace)}
    return {"user": described(workspace, workspace.person(str(given["user"])))}


async def list_(workspace: Workspace, given: Arguments) -> Answer:
    """List everybody, the app last."""
    everybody = [described(workspace, person) for person in workspace.people.values()]
    page, cursor = arguments.page(given, [*everybody, _app_user(workspace)])
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


async def lookup_by_email(workspace: Workspace, given: Arguments) -> Answer:
    """Find a member by e-mail address."""
    wanted = str(given.get("email") or "").lower()
    for person in workspace.people.values():
        if person.email.lower() == wanted:
            return {"user": described(workspace, person)}
    raise SlackError("users_not_found")


async def auth_test(workspace: Workspace, given: Arguments) -> Answer:
    """Say whose token this is."""
    app = workspace.app
    who = {"url": f"{workspace.address}/", "team": TEAM_NAME, "team_id": TEAM_ID}
    if given.get("token") == workspace.credentials.app_token:
        return {**who, "app_id": app.id, "app_name": app.name}
    return {
        **who,
        "user": app.name,
        "user_id": app.user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


async def bots_info(workspace: Workspace, given: Arguments) -> Answer:
    """Describe the app as a bot."""
    app = workspace.app
    if given.get("bot", app.bot_id) != app.bot_id:
        raise SlackError("bot_not_found")
    bot = {"id": app.bot_id, "app_id": app.id, "user_id": app.user_id, "name": app.name}
    return {"bot": {**bot, "deleted": False, "updated": 0, "icons": {}}}


async def team_info(workspace: Workspace, _given: Arguments) -> Answer:
    """Describe the workspace."""
    team = {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": "example.com"}
    return {"team": {**team, "url": f"{workspace.address}/", "icon": {}}}


METHODS = {
    "users.info": info,
    "users.list": list_,
    "users.lookupByEmail": lookup_by_email,
    "auth.test": auth_test,
    "bots.info": bots_info,
    "team.info": team_info,
}
