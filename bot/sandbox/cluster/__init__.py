"""The cluster in a box: a Kubernetes API, and the few controllers that make something of what is in it."""

from bot.sandbox.cluster.controllers.kubelet.images import RegistryCredentials
from bot.sandbox.cluster.platform import GitCredentials
from bot.sandbox.cluster.server import Cluster, end_applications, serve

__all__ = ["Cluster", "GitCredentials", "RegistryCredentials", "end_applications", "serve"]
