"""What Git wants of an Application, as manifests ready to be applied."""

import json
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.argocd import manifests
from bot.sandbox.cluster.controllers.argocd.rendering import Release, Renderer
from bot.sandbox.cluster.controllers.argocd.repositories import Repositories
from bot.sandbox.cluster.controllers.kube import Kube, UnknownKindError
from bot.sandbox.cluster.controllers.objects import Key, Object, key_of, kind_of

HEAD = "HEAD"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The manifests of one commit, for one source as the Application describes it."""

    revision: str
    question: str
    manifests: tuple[Object, ...]


class Targets:
    """Renders each commit once for each Application."""

    def __init__(self, repositories: Repositories, renderer: Renderer, kube: Kube) -> None:
        self._repositories = repositories
        self._renderer = renderer
        self._kube = kube
        self._rendered: dict[Key, Rendered] = {}

    def forget(self, key: Key, *, url: str) -> None:
        """Ask Git and the renderer anew next time."""
        self._rendered.pop(key, None)
        self._repositories.expire(url)

    def expire(self, url: str) -> None:
        """Ask Git anew next time."""
        self._repositories.expire(url)

    async def of(
        self, application: Object, revision: str, *, max_age: float
    ) -> tuple[str, list[Object]]:
        """Give the commit and its manifests, placed and marked.

        Args:
            application: whose source is rendered.
            revision: a commit to keep to; empty follows the source's own revision.
            max_age: how old, in seconds, an answer of Git about a branch may be.

        Raises:
            RepositoryError, RenderError: with the cause in Git's or Helm's words.
        """
        source = application["spec"]["source"]
        branch = source.get("targetRevision") or HEAD
        sha = await self._repositories.resolve(
            source["repoURL"], revision or branch, max_age=max_age
        )
        rendered = await self._render(application, branch, sha)
        return sha, [await self._placed(application, obj) for obj in rendered.manifests]

    async def _render(self, application: Object, branch: str, sha: str) -> Rendered:
        source, namespace = application["spec"]["source"], _namespace(application)
        question = json.dumps([source, namespace], sort_keys=True)
        key = key_of(application)
        known = self._rendered.get(key)
        if known and (known.revision, known.question) == (sha, question):
            return known
        release = Release(application["metadata"]["name"], namespace)
        async with self._repositories.checkout(source["repoURL"], branch, sha) as checkout:
            found = await self._renderer.render(checkout.folder, source, release)
        self._rendered[key] = Rendered(sha, question, tuple(found))
        return self._rendered[key]

    async def _placed(self, application: Object, manifest: Object) -> Object:
        try:
            is_namespaced = (await self._kube.resource(kind_of(manifest))).is_namespaced
        except UnknownKindError:
            # Its definition may come in an earlier wave; until then the kind is neither.
            is_namespaced = "namespace" in manifest["metadata"]
        return manifests.placed(
            manifest,
            namespace=_namespace(application) if is_namespaced else "",
            application=application["metadata"]["name"],
        )


def _namespace(application: Object) -> str:
    return str(application["spec"]["destination"].get("namespace", ""))
