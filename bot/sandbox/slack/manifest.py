"""Read an app's manifest, as Slack does when an app is made from one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import Command, SlackApp

Manifest = dict[str, Any]
LONGEST = {
    "/display_information/name": 35,
    "/display_information/description": 140,
    "/features/bot_user/display_name": 80,
}
COMMAND = re.compile(r"/[^\sA-Z]{1,31}")
LONGEST_DESCRIPTION = 2000


def installed(text: str, before: SlackApp) -> SlackApp:
    """Say what the app is by a manifest in YAML or JSON; its ids stay.

    Request URLs are not read from it: they are switched on one by one, and verified.

    Raises:
        SlackError: invalid_manifest, with all that is wrong.
    """
    manifest = _read(text)
    problems = list(_problems(manifest))
    if problems:
        errors = [{"pointer": pointer, "message": message} for pointer, message in problems]
        raise SlackError("invalid_manifest", errors=errors)
    home = _at(manifest, "/features/app_home") or {}
    return replace(
        before,
        name=_at(manifest, "/features/bot_user/display_name"),
        commands=tuple(_command(c, before) for c in _at(manifest, SLASH) or ()),
        events=tuple(_at(manifest, "/settings/event_subscriptions/bot_events") or ()),
        scopes=tuple(_at(manifest, "/oauth_config/scopes/bot") or ()),
        takes_messages=not home.get("messages_tab_read_only_enabled", True),
    )


SLASH = "/features/slash_commands"


def _read(text: str) -> Manifest:
    try:
        manifest = YAML(typ="safe").load(text)
    except YAMLError as error:
        problem = {"pointer": "", "message": str(error)}
        raise SlackError("invalid_manifest", errors=[problem]) from None
    return manifest if isinstance(manifest, dict) else {}


def _at(manifest: Manifest, pointer: str) -> Any:
    found: Any = manifest
    for member in pointer.strip("/").split("/"):
        found = found.get(member) if isinstance(found, dict) else None
    return found


def _command(declared: Manifest, before: SlackApp) -> Command:
    known = {command.name: command.hints for command in before.commands}
    name = declared["command"]
    return Command(name, declared["description"], known.get(name, ()))


def _problems(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for pointer, longest in LONGEST.items():
        value = _at(manifest, pointer)
        if value is None and not pointer.endswith("description"):
            yield pointer, "must be there"
        elif value is not None and not (isinstance(value, str) and 0 < len(value) <= longest):
            yield pointer, f"must be a text of 1 to {longest} characters"
    for pointer in ("/oauth_config/scopes/bot", "/settings/event_subscriptions/bot_events"):
        listed = _at(manifest, pointer)
        if not isinstance(listed or [], list) or not all(isinstance(o, str) for o in listed or []):
            yield pointer, "must be a list of texts"
    for number, command in enumerate(_at(manifest, SLASH) or ()):
        yield from _command_problems(command, f"{SLASH}/{number}")


def _command_problems(command: Any, at: str) -> Iterator[tuple[str, str]]:
    given = command if isinstance(command, dict) else {}
    if not COMMAND.fullmatch(str(given.get("command", ""))):
        yield f"{at}/command", "must start with /, in lower case, without spaces, of 2 to 32 signs"
    if not 0 < len(str(given.get("description") or "")) <= LONGEST_DESCRIPTION:
        yield f"{at}/description", f"must be a text of 1 to {LONGEST_DESCRIPTION} characters"
