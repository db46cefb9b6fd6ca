"""Carry out the operation that an Application asks for, with its retries, and record how it went."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.cluster.controllers.argocd.comparison import Comparer, Comparison
from bot.sandbox.cluster.controllers.argocd.syncing import Attempt, SyncFailed
from bot.sandbox.cluster.controllers.kube import ApiError, Kube
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, key_of, timestamp

APPLICATION = Kind("argoproj.io/v1alpha1", "Application")
KEPT_HISTORY = 10
DEFAULT_BACKOFF: Object = {"duration": "5s", "factor": 2, "maxDuration": "3m"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an attempt works from: looked up anew each time, because the world moves on between attempts."""

    application: Object
    project: Object
    revision: str
    comparison: Comparison


# Given the revision to keep to (empty: the newest), or None where nothing can be rendered now.
Look = Callable[[Key, str], Awaitable[Wanted | None]]


class Operations:
    """Runs operations; the Application itself holds all that is needed to begin one again."""

    def __init__(self, kube: Kube, comparer: Comparer, look: Look) -> None:
        self._kube = kube
        self._comparer = comparer
        self._look = look

    async def run(self, application: Object) -> None:
        """Run the Application's `operation` to its end."""
        key, operation = key_of(application), application["operation"]
        before = (application.get("status") or {}).get("operationState") or {}
        is_resumed = before.get("phase") == "Running"
        started = before["startedAt"] if is_resumed else timestamp()
        state: Object = {
            "operation": operation,
            "phase": "Running",
            "startedAt": started,
            "message": "waiting for the sync to begin",
            # A merge patch keeps what it does not name.
            **dict.fromkeys(("finishedAt", "syncResult", "retryCount")),
        }
        await self._record(key, state)
        await self._attempts(key, state)

    async def _attempts(self, key: Key, state: Object) -> None:
        retry = state["operation"].get("retry") or {}
        for count in range(int(retry.get("limit", 0)) + 1):
            # The revision that was asked for, unless retries are to follow the branch.
            asked = (state["operation"].get("sync") or {}).get("revision", "")
            keep = "" if count and retry.get("refresh") else asked
            failure = await self._attempt(key, state, keep)
            if failure is None or count == int(retry.get("limit", 0)):
                break
            delay = backoff(retry.get("backoff") or {}, count)
            at = timestamp(datetime.now(UTC) + timedelta(seconds=delay))
            message = f"{failure}. Retrying attempt #{count + 1} at {at}."
            await self._record(key, state | {"message": message, "retryCount": count + 1})
            await asyncio.sleep(delay)
            state["retryCount"] = count + 1
        await self._finish(key, state, failure)

    async def _attempt(self, key: Key, state: Object, revision: str) -> str | None:
        """Try once; gives back why it failed, if it did."""
        wanted = await self._look(key, revision)
        if not wanted:
            return (
                "ComparisonError: the source gives no manifests, see the Application's conditions"
            )
        source = wanted.application["spec"]["source"]
        result: Object = {"revision": wanted.revision, "source": source, "resources": []}
        state["syncResult"] = result

        async def on_progress(results: list[Object]) -> None:
            result["resources"] = list(results)
            await self._record(key, state | {"message": "waiting for completion of the sync"})

        prune = bool((state["operation"].get("sync") or {}).get("prune"))
        attempt = Attempt(
            self._kube, self._comparer, wanted.project, wanted.comparison, prune, on_progress
        )
        try:
            await attempt.run()
        except (SyncFailed, ApiError) as error:
            return str(error)
        finally:
            result["resources"] = list(attempt.results)
        return None

    async def _finish(self, key: Key, state: Object, failure: str | None) -> None:
        message = "successfully synced (all tasks run)" if failure is None else failure
        finished = state | {
            "phase": "Succeeded" if failure is None else "Failed",
            "message": message,
            "finishedAt": timestamp(),
        }
        application = await self._kube.get(APPLICATION, key)
        if not application:
            return
        status: Object = {"operationState": finished}
        if failure is None:
            status["history"] = _history(application, finished)
        await self._kube.patch(APPLICATION, key, {"operation": None, "status": status})

    async def _record(self, key: Key, state: Object) -> None:
        await self._kube.patch(APPLICATION, key, {"status": {"operationState": state}})


def backoff(settings: Object, count: int) -> float:
    """Compute the seconds before the attempt after `count` failed retries."""
    settings = DEFAULT_BACKOFF | settings
    seconds = duration(settings["duration"]) * float(settings["factor"]) ** count
    return min(seconds, duration(settings["maxDuration"]))


def duration(text: str) -> float:
    """Read a duration as Go writes it, such as `1m30s`; a bare number is seconds."""
    if text.isdigit():
        return float(text)
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))


def _history(application: Object, finished: Object) -> list[Object]:
    history = list((application.get("status") or {}).get("history") or [])
    result = finished["syncResult"]
    entry = {
        "id": history[-1]["id"] + 1 if history else 0,
        "revision": result["revision"],
        "source": result["source"],
        "deployStartedAt": finished["startedAt"],
        "deployedAt": finished["finishedAt"],
        "initiatedBy": finished["operation"].get("initiatedBy") or {},
    }
    keep = application["spec"].get("revisionHistoryLimit", KEPT_HISTORY)
    return [*history, entry][-keep:] if keep else []
