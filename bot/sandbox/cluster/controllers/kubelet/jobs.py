"""Jobs: pods that run to their end, again after a failure, until enough of them have succeeded."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.sandbox.cluster.controllers.events import Voice
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import ApiError, Kube
from bot.sandbox.cluster.controllers.kubelet import node
from bot.sandbox.cluster.controllers.kubelet.pods import POD
from bot.sandbox.cluster.controllers.kubelet.replicasets import SUFFIX_LETTERS
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    condition_of,
    controller_of,
    is_deleting,
    key_of,
    owner_reference,
    parse_timestamp,
    timestamp,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

JOB = Kind("batch/v1", "Job")
SECONDS_UNTIL_RETRY = 2.0
BACKOFF_LIMIT = 6


@dataclass(frozen=True, slots=True)
class Tally:
    """How the pods of a job stand."""

    active: list[Object]
    succeeded: int
    failed: int


class Jobs:
    """The Job controller."""

    def __init__(self, kube: Kube, informers: Informers, voice: Voice) -> None:
        self._kube = kube
        self._informers = informers
        self._voice = voice
        self._jobs = Reconciler("kubelet/job", self._reconcile)

    async def start(self) -> None:
        """Begin to watch."""
        (await self._informers.of(*POD)).subscribe(self._pod_changed)
        (await self._informers.of(*JOB)).subscribe(adding(self._jobs))

    async def close(self) -> None:
        """End all work."""
        await self._jobs.close()

    def _pod_changed(self, old: Object | None, new: Object | None) -> None:
        pod = new or old or {"metadata": {}}
        owner = controller_of(pod)
        if owner and owner["kind"] == JOB.kind:
            self._jobs.add(Key(pod["metadata"]["namespace"], owner["name"]))

    async def _reconcile(self, key: Key) -> float | None:
        job = (await self._informers.of(*JOB)).objects.get(key)
        if not job or is_deleting(job):
            return None
        if ended_at(job):
            return await self._expire(job)
        tally = tally_of(job, list((await self._informers.of(*POD)).objects.values()))
        verdict = verdict_on(job, tally)
        refusal = ""
        if verdict:
            await self._stop(tally.active)
            kind, reason, message = verdict
            tell = self._voice.warning if kind == "Failed" else self._voice.normal
            tell(job, reason, message)
        else:
            refusal = await self._add(job, missing(job, tally))
        await self._report(job, tally, verdict)
        return SECONDS_UNTIL_RETRY if refusal else _seconds_left(job)

    async def _stop(self, pods: list[Object]) -> None:
        await asyncio.gather(*(self._kube.delete(POD, key_of(pod)) for pod in pods))

    async def _add(self, job: Object, count: int) -> str:
        for _ in range(count):
            try:
                pod = await self._kube.create(_pod_of(job))
            except ApiError as error:
                self._voice.warning(job, "FailedCreate", f"Error creating: {error}")
                return str(error)
            name = pod["metadata"]["name"]
            self._voice.normal(job, "SuccessfulCreate", f"Created pod: {name}")
        return ""

    async def _expire(self, job: Object) -> float | None:
        """Delete a job some time after its end, where it says so."""
        lifetime, ended = job["spec"].get("ttlSecondsAfterFinished"), ended_at(job)
        if lifetime is None or ended is None:
            return None
        left = (ended + timedelta(seconds=lifetime) - datetime.now(UTC)).total_seconds()
        if left > 0:
            return left
        await self._kube.delete(JOB, key_of(job))
        return None

    async def _report(
        self, job: Object, tally: Tally, verdict: tuple[str, str, str] | None
    ) -> None:
        before = job.get("status") or {}
        status = before | {
            "active": 0 if verdict else len(tally.active),
            "ready": 0,
            "succeeded": tally.succeeded,
            "failed": tally.failed,
            "startTime": before.get("startTime") or timestamp(),
        }
        if verdict:
            kind, reason, message = verdict
            condition = {"type": kind, "status": "True", "reason": reason, "message": message}
            status["conditions"] = with_conditions(before.get("conditions") or [], [condition])
            if kind == "Complete":
                status["completionTime"] = timestamp()
        await self._kube.patch_status(job, status)


def tally_of(job: Object, pods: list[Object]) -> Tally:
    """Count the job's pods; with restartPolicy OnFailure each restart counts as a failure."""
    uid = job["metadata"]["uid"]
    own = [pod for pod in pods if (controller_of(pod) or {}).get("uid") == uid]
    phases = [((pod.get("status") or {}).get("phase"), pod) for pod in own]
    active = [
        pod
        for phase, pod in phases
        if phase not in {"Succeeded", "Failed"} and not is_deleting(pod)
    ]
    restarts = sum(
        status["restartCount"]
        for pod in own
        for status in (pod.get("status") or {}).get("containerStatuses") or []
    )
    failed = sum(phase == "Failed" for phase, _ in phases)
    return Tally(active, sum(phase == "Succeeded" for phase, _ in phases), failed + restarts)


def missing(job: Object, tally: Tally) -> int:
    """How many pods to start now."""
    spec = job["spec"]
    if spec.get("suspend"):
        return 0
    left = int(spec.get("completions", 1)) - tally.succeeded
    return max(0, min(int(spec.get("parallelism", 1)), left) - len(tally.active))


def verdict_on(job: Object, tally: Tally) -> tuple[str, str, str] | None:
    """Say how the job has ended, as a condition's type, reason and message; None while it has not."""
    spec = job["spec"]
    if tally.succeeded >= spec.get("completions", 1):
        return "Complete", "Completed", "Job completed"
    if tally.failed > spec.get("backoffLimit", BACKOFF_LIMIT):
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    left = _seconds_left(job)
    if left is not None and left <= 0:
        return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
    return None


def ended_at(job: Object) -> datetime | None:
    """When the job ended."""
    for kind in ("Complete", "Failed"):
        condition = condition_of(job, kind)
        if condition.get("status") == "True":
            return parse_timestamp(condition["lastTransitionTime"])
    return None


def _seconds_left(job: Object) -> float | None:
    deadline = job["spec"].get("activeDeadlineSeconds")
    began = (job.get("status") or {}).get("startTime")
    if deadline is None or began is None:
        return None
    end = parse_timestamp(began) + timedelta(seconds=deadline)
    return (end - datetime.now(UTC)).total_seconds()


def _pod_of(job: Object) -> Object:
    template, name = job["spec"]["template"], job["metadata"]["name"]
    suffix = "".join(secrets.choice(SUFFIX_LETTERS) for _ in range(5))
    return {
        "apiVersion": POD.api_version,
        "kind": POD.kind,
        "metadata": (template.get("metadata") or {})
        | {
            "name": f"{name}-{suffix}",
            "namespace": job["metadata"]["namespace"],
            "ownerReferences": [owner_reference(job)],
        },
        "spec": template["spec"] | {"nodeName": node.NAME},
    }
