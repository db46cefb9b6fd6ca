"""A Kubernetes API server: the protocol, the objects and their rules; controllers live elsewhere and speak HTTP to it.

`edge` understands requests and `verbs` carries them out; `writing`, `patches`, `deleting`, `reading` and `watching`
are the operations; `store` keeps the objects. `schema`, `apply` and `patching` are pure.
"""

from bot.sandbox.cluster.api.server import OWN_HEADERS, ClusterApi, serve

__all__ = ["OWN_HEADERS", "ClusterApi", "serve"]
