"""Modals and Home tabs: the views that the app shows to a person."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.identity import TEAM_ID, SlackApp
from bot.sandbox.slack.store import Store

MAX_STACK = 3
View = dict[str, Any]


class Views:
    """Each person's stack of modals and their Home tab, written through to the store."""

    def __init__(
        self, store: Store, app: SlackApp, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Read what the store holds."""
        self._store = store
        self._app = app
        self._clock = clock
        self._stacks: dict[str, list[View]] = dict(store.every("stack"))
        self._homes: dict[str, View] = dict(store.every("home"))
        self._windows: dict[str, str] = dict(store.every("window"))

    def stack(self, user: str) -> list[View]:
        """List somebody's open modals; the last is on top."""
        return self._stacks.get(user, [])

    def shown_in(self, user: str, window: str) -> list[View]:
        """List the modals of one window; those that no window opened are shown in all."""
        return self.stack(user) if self._windows.get(user, "") in {"", window} else []

    def home(self, user: str) -> View | None:
        """Find somebody's Home tab, if the app has published one."""
        return self._homes.get(user)

    def open(self, user: str, content: View, window: str = "") -> View:
        """Open a modal in the window where somebody acted, in the place of whatever was open."""
        view = self._made(content)
        self._windows[user] = window
        self._store.put("window", user, window)
        self._keep_stack(user, [view])
        return view

    def push(self, user: str, content: View) -> View:
        """Lay a modal on the ones that are open.

        Raises:
            SlackError: push_limit_reached, or not_found where none is open.
        """
        stack = self.stack(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        view = self._made(content)
        view |= {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        self._keep_stack(user, [*stack, view])
        return view

    def publish(self, user: str, content: View, given_hash: str) -> View:
        """Show a Home tab.

        Raises:
            SlackError: hash_conflict.
        """
        before = self._homes.get(user)
        _check_hash(before, given_hash)
        view = self._made(content)
        if before:
            view |= {"id": before["id"], "root_view_id": before["id"]}
        self._homes[user] = view
        self._store.put("home", user, view)
        return view

    def update(self, before: View, content: View, given_hash: str = "") -> View:
        """Change a view in its place.

        Raises:
            SlackError: hash_conflict.
        """
        _check_hash(before, given_hash)
        view = self._made(content)
        for kept in ("id", "root_view_id", "previous_view_id"):
            view[kept] = before[kept]
        view["external_id"] = content.get("external_id", before["external_id"])
        self.replace(view)
        return view

    def replace(self, view: View) -> None:
        """Put a view in the place of the one with its id."""
        for user, stack in self._stacks.items():
            if any(view["id"] == other["id"] for other in stack):
                changed = [view if other["id"] == view["id"] else other for other in stack]
                self._keep_stack(user, changed)
                return
        for user, home in self._homes.items():
            if home["id"] == view["id"]:
                self._homes[user] = view
                self._store.put("home", user, view)
                return

    def find(self, *, view_id: str = "", external_id: str = "") -> tuple[str, View]:
        """Find an open view, and whose it is.

        Raises:
            SlackError: not_found.
        """
        shown = [(user, view) for user, stack in self._stacks.items() for view in stack]
        shown += list(self._homes.items())
        for user, view in shown:
            if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                return user, view
        raise SlackError("not_found")

    def close(self, user: str, view_id: str) -> None:
        """Take one modal from somebody's stack."""
        self._keep_stack(user, [view for view in self.stack(user) if view["id"] != view_id])

    def clear(self, user: str) -> None:
        """Close all of somebody's modals."""
        self._keep_stack(user, [])

    def _keep_stack(self, user: str, stack: list[View]) -> None:
        self._stacks[user] = stack
        self._store.put("stack", user, stack)

    def _made(self, content: View) -> View:
        taken = content.get("external_id")
        if taken and any(v["external_id"] == taken for s in self._stacks.values() for v in s):
            raise SlackError("duplicate_external_id")
        view_id = f"V{secrets.token_hex(5).upper()}"
        return {
            "team_id": TEAM_ID,
            "private_metadata": "",
            "callback_id": "",
            "title": None,
            "close": None,
            "submit": None,
            "clear_on_close": False,
            "notify_on_close": False,
            "external_id": "",
            "previous_view_id": None,
            **content,
            "id": view_id,
            "root_view_id": view_id,
            "blocks": with_ids(content["blocks"]),
            "state": {"values": {}},
            "hash": f"{int(self._clock())}.{secrets.token_urlsafe(6)}",
            "app_id": self._app.id,
            "app_installed_team_id": TEAM_ID,
            "bot_id": self._app.bot_id,
        }


def _check_hash(before: View | None, given: str) -> None:
    if given and before and given != before["hash"]:
        raise SlackError("hash_conflict")


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each block and each interactive element that came without an id one of its own."""
    return [_with_id(block) for block in blocks]


def _with_id(block: dict[str, Any]) -> dict[str, Any]:
    filled = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
    for member in ("accessory", "element"):
        if isinstance(filled.get(member), dict):
            filled[member] = _named(filled[member])
    for member in ("elements", "actions"):
        if block["type"] != "rich_text" and isinstance(filled.get(member), list):
            filled[member] = [_named(element) for element in filled[member]]
    if isinstance(filled.get("child_blocks"), list):
        filled["child_blocks"] = with_ids(filled["child_blocks"])
    return filled


STILL = frozenset({"image", "mrkdwn", "plain_text"})


def _named(element: dict[str, Any]) -> dict[str, Any]:
    if element["type"] == "card":
        return _with_id(element)
    if element["type"] in STILL or element.get("action_id"):
        return element
    return {**element, "action_id": secrets.token_urlsafe(4)}
