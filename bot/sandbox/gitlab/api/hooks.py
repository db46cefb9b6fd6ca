"""Webhooks of a project, and what became of their deliveries."""

import re
import uuid
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, answer, nothing
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities.times import iso
from bot.sandbox.gitlab.git.repository import ZERO, RefChange
from bot.sandbox.gitlab.model import Delivery, Hook, Level, Project
from bot.sandbox.gitlab.webhooks import payloads, queue

_SIGNING_TOKEN = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


def _shown(call: Call, hook: Hook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "url": hook.url,
        "name": hook.name,
        "description": hook.description,
        "project_id": hook.project_id,
        "created_at": iso(hook.created_at),
        **{event: event in hook.events for event in queue.TRIGGERS},
        "enable_ssl_verification": hook.enable_ssl_verification,
        "push_events_branch_filter": hook.push_events_branch_filter or None,
        "branch_filter_strategy": hook.branch_filter_strategy,
        "custom_webhook_template": "",
        "custom_headers": [{"key": key} for key in hook.custom_headers],
        "url_variables": [],
        "alert_status": queue.alert_status(call.forge, hook),
        "disabled_until": iso(hook.disabled_until),
    }


def _one(call: Call) -> tuple[Project, Hook]:
    project = call.project(Level.MAINTAINER)
    hook = call.forge.store.hooks.get(call.number("hook_id"))
    if hook is None or hook.project_id != project.id:
        raise errors.not_found()
    return project, hook


async def list_hooks(call: Call) -> Response:
    """The project's hooks."""
    project = call.project(Level.MAINTAINER)
    found = call.forge.store.hooks.where(lambda each: each.project_id == project.id)
    return paged(call, found, lambda each: _shown(call, each))


async def get_hook(call: Call) -> Response:
    """One hook."""
    return answer(_shown(call, _one(call)[1]))


async def create_hook(call: Call) -> Response:
    """Have something told of what happens."""
    project = call.project(Level.MAINTAINER)
    call.params.need("url")
    fields = _fields(call, ("push_events",))
    with call.forge.store.transaction():
        hook = call.forge.store.hooks.add(
            lambda number: Hook.model_validate(
                {
                    "id": number,
                    "project_id": project.id,
                    "created_at": call.forge.now(),
                    "uuid": str(uuid.uuid4()),
                }
                | fields
            )
        )
        path = call.forge.full_path(project)
        call.forge.store.count_creation("hooks", f"{path} -> {hook.url}")
    return answer(_shown(call, hook), 201)


def _fields(call: Call, events: tuple[str, ...]) -> dict[str, Any]:
    params = call.params
    fields: dict[str, Any] = {
        "events": tuple(
            each for each in queue.TRIGGERS if params.flag(each, default=each in events)
        )
    }
    if "url" in params:
        fields["url"] = _checked_url(params.needed_text("url"))
    for name in ("name", "description", "token", "push_events_branch_filter"):
        if name in params:
            fields[name] = params.text(name)
    if "signing_token" in params:
        fields["signing_token"] = _checked_signing_token(params.needed_text("signing_token"))
    if "enable_ssl_verification" in params:
        fields["enable_ssl_verification"] = params.flag("enable_ssl_verification")
    if "branch_filter_strategy" in params:
        strategies = ("wildcard", "regex", "all_branches")
        fields["branch_filter_strategy"] = params.choice("branch_filter_strategy", strategies)
    headers = params.records("custom_headers")
    if headers is not None:
        fields["custom_headers"] = {
            each.needed_text("key"): each.text("value") or "" for each in headers
        }
    return fields


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise errors.unprocessable("Invalid url given")
    return url


def _checked_signing_token(token: str) -> str:
    if not _SIGNING_TOKEN.fullmatch(token):
        raise errors.unprocessable("Signing token is invalid")
    return token


async def edit_hook(call: Call) -> Response:
    """Change a hook; one that had failed too often is tried again."""
    _, hook = _one(call)
    call.params.need("url")
    fields = _fields(call, hook.events)
    if fields.get("url") != hook.url:
        fields |= {"failures": 0, "backoffs": 0, "disabled_until": None}
    return answer(_shown(call, call.forge.store.hooks.change(hook.id, **fields)))


async def delete_hook(call: Call) -> Response:
    """Tell it no more."""
    _, hook = _one(call)
    with call.forge.store.transaction():
        call.forge.store.hooks.remove(hook.id)
        call.forge.store.deliveries.remove_where(lambda each: each.hook_id == hook.id)
    return nothing()


async def list_deliveries(call: Call) -> Response:
    """What was sent lately, the newest first."""
    _, hook = _one(call)
    found = call.forge.store.deliveries.where(lambda d: d.hook_id == hook.id and bool(d.attempts))
    return paged(call, found[::-1], _shown_delivery)


def _shown_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "url": None,
        "trigger": delivery.trigger.replace("_events", "_hooks"),
        "request_headers": {
            "X-Gitlab-Event": delivery.event,
            "Idempotency-Key": delivery.idempotency_key,
        },
        "request_data": delivery.body,
        "response_headers": {},
        "response_body": delivery.response_body,
        "execution_duration": delivery.duration,
        "response_status": delivery.response_status,
    }


async def resend(call: Call) -> Response:
    """Send a delivery once more, under the same key."""
    _, hook = _one(call)
    delivery = call.forge.store.deliveries.get(call.number("event_id"))
    if delivery is None or delivery.hook_id != hook.id:
        raise errors.not_found()
    call.forge.store.deliveries.change(delivery.id, attempts=0, done=False)
    call.forge.on_deliveries_ready()
    return answer({"response_status": 200}, 201)


async def test_hook(call: Call) -> Response:
    """Send an example of a push; success ends a pause."""
    project, hook = _one(call)
    if call.part("trigger") != "push_events":
        raise errors.unprocessable("Only push_events can be tested here")
    tip = project.refs.get(f"refs/heads/{project.default_branch}")
    if tip is None:
        raise errors.unprocessable("Ensure the project has at least one commit.")
    change = RefChange(f"refs/heads/{project.default_branch}", ZERO, tip)
    body = payloads.push(call.forge, project, call.user, change, [])
    queue.queue(call.forge, hook, "push_events", body)
    call.forge.on_deliveries_ready()
    return answer({"message": "201 Created"}, 201)


_BASE = "/projects/{id}/hooks"
ROUTES = (
    Route("GET", _BASE, list_hooks),
    Route("POST", _BASE, create_hook),
    Route("GET", f"{_BASE}/{{hook_id}}", get_hook),
    Route("PUT", f"{_BASE}/{{hook_id}}", edit_hook),
    Route("DELETE", f"{_BASE}/{{hook_id}}", delete_hook),
    Route("GET", f"{_BASE}/{{hook_id}}/events", list_deliveries),
    Route("POST", f"{_BASE}/{{hook_id}}/events/{{event_id}}/resend", resend),
    Route("POST", f"{_BASE}/{{hook_id}}/test/{{trigger}}", test_hook),
)
