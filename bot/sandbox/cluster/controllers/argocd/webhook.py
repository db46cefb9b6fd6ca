"""GitLab's push events: the Applications that follow the pushed branch are looked at anew at once."""

import base64
import hmac
from collections.abc import Iterable
from typing import Any

from bot.sandbox.cluster.controllers.argocd.repositories import normalised
from bot.sandbox.cluster.controllers.objects import Object

EVENTS = {"Push Hook", "Tag Push Hook", "System Hook"}
SECRET_NAME = "argocd-secret"  # noqa: S105 - the name of the object that holds it
SECRET_KEY = "webhook.gitlab.secret"  # noqa: S105 - likewise


def is_authentic(token: str, secret: Object | None) -> bool:
    """Whether the sender knows the secret, where one is set."""
    encoded = ((secret or {}).get("data") or {}).get(SECRET_KEY, "")
    expected = base64.b64decode(encoded)
    return not expected or hmac.compare_digest(token.encode(), expected)


def affected(applications: Iterable[Object], event: dict[str, Any]) -> list[Object]:
    """Find the Applications whose source the push may have changed."""
    project = event.get("project") or {}
    urls = {
        normalised(project[name])
        for name in ("git_http_url", "git_ssh_url", "web_url", "http_url", "url")
        if project.get(name)
    }
    branch = str(event.get("ref", "")).removeprefix("refs/heads/").removeprefix("refs/tags/")
    is_default = branch == project.get("default_branch")
    return [
        application
        for application in applications
        if normalised((application["spec"].get("source") or {}).get("repoURL", "")) in urls
        and _follows(application["spec"]["source"], branch, is_default=is_default)
    ]


def _follows(source: Object, branch: str, *, is_default: bool) -> bool:
    revision = source.get("targetRevision") or "HEAD"
    return is_default if revision == "HEAD" else revision == branch
