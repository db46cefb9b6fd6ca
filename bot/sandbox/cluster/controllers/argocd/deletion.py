"""Take down what an Application made before the Application itself goes."""

from bot.sandbox.cluster.controllers.argocd import manifests
from bot.sandbox.cluster.controllers.argocd.comparison import Comparer
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Kind, Object, is_deleting, key_of, kind_of

FINALIZER = "resources-finalizer.argocd.argoproj.io"


async def cascade(kube: Kube, comparer: Comparer, application: Object) -> None:
    """Delete what is left, the last wave first; with nothing left, let the Application go."""
    if not has_finalizer(application):
        return
    left = []
    for kind in managed_kinds(application):
        left += await comparer.tracked(application["metadata"]["name"], kind)
    if not left:
        await release(kube, application)
        return
    last_wave = max(manifests.wave_of(obj) for obj in left)
    for obj in left:
        if manifests.wave_of(obj) == last_wave and not is_deleting(obj):
            await kube.delete(kind_of(obj), key_of(obj), uid=obj["metadata"]["uid"])


def has_finalizer(obj: Object) -> bool:
    """Whether Argo CD has to finish something before the object may go."""
    return any(_is_ours(name) for name in obj["metadata"].get("finalizers") or [])


async def release(kube: Kube, obj: Object) -> None:
    """Take Argo CD's finalizer off."""
    kept = [name for name in obj["metadata"].get("finalizers") or [] if not _is_ours(name)]
    change = {
        "metadata": {"finalizers": kept, "resourceVersion": obj["metadata"]["resourceVersion"]}
    }
    await kube.patch(kind_of(obj), key_of(obj), change)


def managed_kinds(application: Object) -> set[Kind]:
    """List the kinds that the Application was last seen with."""
    found = set()
    for entry in (application.get("status") or {}).get("resources") or []:
        group = f"{entry['group']}/" if entry.get("group") else ""
        found.add(Kind(group + entry["version"], entry["kind"]))
    return found


def _is_ours(finalizer: str) -> bool:
    return finalizer.partition("/")[0] == FINALIZER
