"""Put a webhook into the queue, for every hook of a project that wants it."""

import fnmatch
import uuid
from datetime import timedelta
from typing import Any

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Delivery, Hook, Project

EVENTS = {
    "push_events": "Push Hook",
    "tag_push_events": "Tag Push Hook",
    "merge_requests_events": "Merge Request Hook",
    "pipeline_events": "Pipeline Hook",
    "job_events": "Job Hook",
    "note_events": "Note Hook",
    "deployment_events": "Deployment Hook",
}
TRIGGERS = (
    *EVENTS,
    "issues_events",
    "confidential_issues_events",
    "confidential_note_events",
    "wiki_page_events",
    "feature_flag_events",
    "releases_events",
    "emoji_events",
    "resource_access_token_events",
    "repository_update_events",
)
FAILURES_BEFORE_PAUSE = 4
FAILURES_BEFORE_END = 40
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(days=1)


def announce(forge: Forge, project: Project, trigger: str, body: dict[str, Any]) -> None:
    """Queue an event; what is queued is sent also after the process was killed."""
    for hook in forge.store.hooks.where(lambda each: each.project_id == project.id):
        if trigger in hook.events and _wants(hook, body) and not is_disabled(forge, hook):
            queue(forge, hook, trigger, body)
    forge.on_deliveries_ready()


def queue(forge: Forge, hook: Hook, trigger: str, body: dict[str, Any]) -> Delivery:
    """Queue an event for one hook."""
    return forge.store.deliveries.add(
        lambda number: Delivery(
            id=number,
            hook_id=hook.id,
            trigger=trigger,
            event=EVENTS[trigger],
            body=body,
            idempotency_key=str(uuid.uuid4()),
            event_uuid=str(uuid.uuid4()),
            created_at=forge.now(),
        )
    )


def _wants(hook: Hook, body: dict[str, Any]) -> bool:
    if body["object_kind"] != "push" or not hook.push_events_branch_filter:
        return True
    branch = str(body["ref"]).removeprefix("refs/heads/")
    return fnmatch.fnmatchcase(branch, hook.push_events_branch_filter)


def is_disabled(forge: Forge, hook: Hook) -> bool:
    """Whether the hook failed too often to be tried now."""
    if hook.failures >= FAILURES_BEFORE_END:
        return True
    return hook.disabled_until is not None and hook.disabled_until > forge.now()


def alert_status(forge: Forge, hook: Hook) -> str:
    """How GitLab calls the state of a hook."""
    if hook.failures >= FAILURES_BEFORE_END:
        return "disabled"
    return "temporarily_disabled" if is_disabled(forge, hook) else "executable"


def note_success(forge: Forge, hook: Hook) -> None:
    """A delivery arrived: the hook is trusted again."""
    if hook.failures:
        forge.store.hooks.change(hook.id, failures=0, backoffs=0, disabled_until=None)


def note_failure(forge: Forge, hook: Hook) -> None:
    """A delivery failed for good: from the fourth on, leave the receiver alone for longer and longer."""
    failures = hook.failures + 1
    if failures < FAILURES_BEFORE_PAUSE:
        forge.store.hooks.change(hook.id, failures=failures)
        return
    pause = min(FIRST_PAUSE * 2**hook.backoffs, LONGEST_PAUSE)
    forge.store.hooks.change(
        hook.id,
        failures=failures,
        backoffs=hook.backoffs + 1,
        disabled_until=forge.now() + pause,
    )
