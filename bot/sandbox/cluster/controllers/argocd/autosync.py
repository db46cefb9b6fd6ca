"""Decide whether an Application is to be synced without anybody asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.sandbox.cluster.controllers.argocd.comparison import Comparison, SyncStatus
from bot.sandbox.cluster.controllers.objects import Object, parse_timestamp

SELF_HEAL_AFTER = timedelta(seconds=2)
UNFINISHED = {"Running", "Terminating"}


@dataclass(frozen=True, slots=True)
class Decision:
    """Either an operation to begin, or why there is none, or when to look again."""

    operation: Object | None = None
    problem: str = ""
    look_again_in: float | None = None


NOTHING = Decision()


def decide(application: Object, revision: str, comparison: Comparison, now: datetime) -> Decision:
    """Follow Argo CD: each revision once, again only to heal, and never down to nothing by accident."""
    policy = _automated(application)
    if policy is None or _is_busy(application) or not _is_due(policy, comparison):
        return NOTHING
    if not any(managed.target for managed in comparison.resources) and not policy.get("allowEmpty"):
        return Decision(
            problem=f"Skipping sync attempt to {revision}: auto-sync will wipe out all resources"
        )
    state = (application.get("status") or {}).get("operationState") or {}
    if not _is_attempted(state, application, revision):
        return Decision(_operation(application, policy, revision))
    if state["phase"] != "Succeeded":
        message = state.get("message", "")
        return Decision(problem=f"Failed last sync attempt to {revision}: {message}")
    return _heal(application, policy, state, now)


def _heal(application: Object, policy: Object, state: Object, now: datetime) -> Decision:
    """Undo drift, but not at once: what changed may still be changing."""
    if not policy.get("selfHeal"):
        return NOTHING
    healing_from = parse_timestamp(state["finishedAt"]) + SELF_HEAL_AFTER
    if now < healing_from:
        return Decision(look_again_in=(healing_from - now).total_seconds())
    return Decision(_operation(application, policy, state["syncResult"]["revision"]))


def _is_due(policy: Object, comparison: Comparison) -> bool:
    """Whether something differs that the policy lets be changed."""
    changed = [managed for managed in comparison.resources if not managed.is_synced]
    if comparison.sync is not SyncStatus.OUT_OF_SYNC:
        return False
    return bool(policy.get("prune")) or any(managed.target for managed in changed)


def _automated(application: Object) -> Object | None:
    policy: Object | None = (application["spec"].get("syncPolicy") or {}).get("automated")
    return None if policy is None or policy.get("enabled") is False else policy


def _is_busy(application: Object) -> bool:
    state = (application.get("status") or {}).get("operationState") or {}
    return "operation" in application or state.get("phase") in UNFINISHED


def _is_attempted(state: Object, application: Object, revision: str) -> bool:
    result = state.get("syncResult") or {}
    is_same_source = result.get("source") == application["spec"].get("source")
    return bool(result.get("revision") == revision and is_same_source)


def _operation(application: Object, policy: Object, revision: str) -> Object:
    sync_policy = application["spec"]["syncPolicy"]
    operation: Object = {
        "initiatedBy": {"automated": True},
        "sync": {"revision": revision, "prune": bool(policy.get("prune"))},
    }
    if options := sync_policy.get("syncOptions"):
        operation["sync"]["syncOptions"] = options
    if retry := sync_policy.get("retry"):
        operation["retry"] = retry
    return operation
