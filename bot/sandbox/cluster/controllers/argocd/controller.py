"""Look at each Application whenever Git or the cluster may have changed, and begin what that asks for."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import structlog

from bot.sandbox.cluster.controllers.argocd import autosync, deletion, manifests, projects
from bot.sandbox.cluster.controllers.argocd.comparison import Comparer, Comparison
from bot.sandbox.cluster.controllers.argocd.operations import APPLICATION, Operations, Wanted
from bot.sandbox.cluster.controllers.argocd.rendering import RenderError
from bot.sandbox.cluster.controllers.argocd.reporting import Finding, status_of
from bot.sandbox.cluster.controllers.argocd.repositories import RepositoryError
from bot.sandbox.cluster.controllers.argocd.targets import Targets
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube, merge_patch
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    annotations,
    is_deleting,
    key_of,
    timestamp,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

log = structlog.get_logger()

PROJECT = Kind("argoproj.io/v1alpha1", "AppProject")
REFRESH = "argocd.argoproj.io/refresh"
SECONDS_BETWEEN_POLLS = 30.0
SECONDS_UNTIL_RESUMED = 1.0
CANNOT_LOAD = "Failed to load target state: failed to generate manifest for source 1 of 1: "


class Applications:
    """Argo CD's application controller."""

    def __init__(
        self, kube: Kube, informers: Informers, targets: Targets, *, poll_seconds: float
    ) -> None:
        self._kube = kube
        self._informers = informers
        self._targets = targets
        self._poll_seconds = poll_seconds
        self._comparer = Comparer(kube, informers)
        self._operations = Operations(kube, self._comparer, self._wanted)
        self._applications = Reconciler("argocd/application", self._reconcile)
        self._projects = Reconciler("argocd/project", self._release_project)
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._watched: set[Kind] = set()
        self.comparisons: dict[Key, Comparison] = {}

    async def start(self) -> None:
        """Begin to watch."""
        projects_informer = await self._informers.of(*PROJECT)
        projects_informer.subscribe(adding(self._projects))
        projects_informer.subscribe(self._project_changed)
        applications = await self._informers.of(*APPLICATION)
        applications.subscribe(adding(self._applications))
        applications.subscribe(lambda _old, new: None if new else self._look_at_projects())

    async def close(self) -> None:
        """End all work; an unfinished operation goes on at the next start."""
        await self._applications.close()
        await self._projects.close()
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _reconcile(self, key: Key) -> float | None:
        application = (await self._informers.of(*APPLICATION)).objects.get(key)
        if not application:
            self._stop(key)
            return None
        if is_deleting(application):
            self._stop(key)
            for kind in deletion.managed_kinds(application):
                await self._watch(kind)
            await deletion.cascade(self._kube, self._comparer, application)
            return None
        finding = await self._find(application)
        decision = autosync.NOTHING
        if finding.comparison:
            self.comparisons[key] = finding.comparison
            now = datetime.now(UTC)
            decision = autosync.decide(application, finding.revision, finding.comparison, now)
        if decision.problem:
            found = (*finding.conditions, ("SyncError", decision.problem))
            finding = Finding(finding.revision, finding.comparison, found)
        await self._report(application, finding, decision.operation)
        self._begin_operation(key)
        return min(self._poll_seconds, decision.look_again_in or self._poll_seconds)

    async def _find(self, application: Object) -> Finding:
        """Look at Git and the cluster; what keeps it from that becomes a condition."""
        project = await self._project_of(application)
        if problems := projects.problems(application, project):
            return Finding("", None, tuple(("InvalidSpecError", text) for text in problems))
        await self._heed_refresh(application)
        try:
            revision, comparison = await self._compare(application, "")
        except (RepositoryError, RenderError) as error:
            return Finding("", None, (("ComparisonError", CANNOT_LOAD + str(error)),))
        return Finding(revision, comparison)

    async def _heed_refresh(self, application: Object) -> None:
        """Take the wish away before anything is looked at, so that the next one is heard, also during the look."""
        wanted, url = (
            annotations(application).get(REFRESH),
            application["spec"]["source"]["repoURL"],
        )
        if wanted:
            taken = {"metadata": {"annotations": {REFRESH: None}}}
            await self._kube.patch(APPLICATION, key_of(application), taken)
        if wanted == "hard":
            self._targets.forget(key_of(application), url=url)
        elif wanted:
            self._targets.expire(url)

    async def _compare(self, application: Object, revision: str) -> tuple[str, Comparison]:
        sha, targets = await self._targets.of(application, revision, max_age=self._poll_seconds - 1)
        name, kinds = application["metadata"]["name"], deletion.managed_kinds(application)
        comparison = await self._comparer.compare(name, targets, kinds)
        for kind in {managed.kind for managed in comparison.resources}:
            await self._watch(kind)
        return sha, comparison

    async def _wanted(self, key: Key, revision: str) -> Wanted | None:
        """Look anew for an attempt to sync."""
        application = await self._kube.get(APPLICATION, key)
        if not application or is_deleting(application):
            return None
        project = await self._project_of(application)
        if not project or projects.problems(application, project):
            return None
        try:
            sha, comparison = await self._compare(application, revision)
        except (RepositoryError, RenderError):
            return None
        return Wanted(application, project, sha, comparison)

    async def _project_of(self, application: Object) -> Object | None:
        key = Key(application["metadata"]["namespace"], application["spec"]["project"])
        return (await self._informers.of(*PROJECT)).objects.get(key)

    async def _report(
        self, application: Object, finding: Finding, operation: Object | None
    ) -> None:
        before = application.get("status") or {}
        wanted = status_of(application, finding)
        change: Object = merge_patch(
            {name: before[name] for name in wanted if name in before}, wanted
        )
        is_refresh = REFRESH in annotations(application)
        if not change and not is_refresh and not operation:
            return
        patch: Object = {"status": change | {"reconciledAt": timestamp()}}
        if operation:
            patch["operation"] = operation
        await self._kube.patch(APPLICATION, key_of(application), patch)

    def _begin_operation(self, key: Key) -> None:
        informer = self._informers.known(APPLICATION)
        application = informer.objects.get(key) if informer else None
        if not application or "operation" not in application or key in self._running:
            return
        task = asyncio.create_task(self._operations.run(application))
        self._running[key] = task
        task.add_done_callback(partial(self._operation_ended, key))

    def _operation_ended(self, key: Key, task: asyncio.Task[None]) -> None:
        self._running.pop(key, None)
        if task.cancelled():
            return
        if error := task.exception():
            log.error("argocd.operation_failed", application=key.name, exc_info=error)
            asyncio.get_running_loop().call_later(
                SECONDS_UNTIL_RESUMED, self._applications.add, key
            )
        else:
            self._applications.add(key)

    def _stop(self, key: Key) -> None:
        self.comparisons.pop(key, None)
        if task := self._running.pop(key, None):
            task.cancel()

    async def _watch(self, kind: Kind) -> None:
        if kind in self._watched or kind == APPLICATION:
            return
        informer = self._informers.known(kind)
        if informer:
            self._watched.add(kind)
            informer.subscribe(self._managed_changed)

    def _managed_changed(self, old: Object | None, new: Object | None) -> None:
        name = annotations(new or old or {"metadata": {}}).get(manifests.TRACKING, "")
        informer = self._informers.known(APPLICATION)
        for key in informer.objects if informer and name else ():
            if key.name == name.partition(":")[0]:
                self._applications.add(key)

    def _project_changed(self, old: Object | None, new: Object | None) -> None:
        name = key_of(new or old or {}).name
        informer = self._informers.known(APPLICATION)
        for key, application in (informer.objects if informer else {}).items():
            if application["spec"]["project"] == name:
                self._applications.add(key)

    def _look_at_projects(self) -> None:
        informer = self._informers.known(PROJECT)
        for key in informer.objects if informer else ():
            self._projects.add(key)

    async def _release_project(self, key: Key) -> float | None:
        """Let a deleted project go once no Application refers to it."""
        project = (await self._informers.of(*PROJECT)).objects.get(key)
        if not project or not is_deleting(project) or not deletion.has_finalizer(project):
            return None
        applications = (await self._informers.of(*APPLICATION)).objects.values()
        if not any(app["spec"]["project"] == key.name for app in applications):
            await deletion.release(self._kube, project)
        return None
