"""What a project may do elsewhere, and whom GitLab tells about it: tokens, CI/CD variables, webhooks."""

from datetime import date, timedelta
from typing import Any

import gitlab
from pydantic import SecretStr

from bot.adapters.gitlab_errors import is_missing, is_taken
from bot.adapters.gitlab_projects import existing_project
from bot.domain import secrecy

_TOKEN_LIFE = timedelta(days=360)
"""GitLab allows a year at most."""


def ensure_push_access(
    client: gitlab.Gitlab, path: str, *, to: str, variable: str, today: date
) -> None:
    """Make a token on the target and hand it to the source's pipelines, unless both are there.

    A variable is removed before a new token is made: so long as one stands beside a live token, it holds that token,
    wherever an earlier attempt was cut. Who finds a variable that was not there before was too slow, and takes the own
    token back.
    """
    source, target = existing_project(client, path), existing_project(client, to)
    name = f"idp-bot: push from {path}"
    live = [
        token
        for token in target.access_tokens.list(get_all=True)
        if token.name == name and token.active and not token.revoked
    ]
    has_variable = _has_variable(source, variable)
    if live and has_variable:
        return
    if has_variable:
        source.variables.delete(variable)
    for orphan in live:
        orphan.delete()
    token = target.access_tokens.create(
        {
            "name": name,
            "scopes": ["write_repository"],
            "access_level": int(gitlab.const.AccessLevel.MAINTAINER),
            "expires_at": (today + _TOKEN_LIFE).isoformat(),
        }
    )
    secrecy.keep(token.token)
    try:
        source.variables.create(
            {"key": variable, "value": token.token, "masked": True, "protected": True, "raw": True}
        )
    except gitlab.GitlabCreateError as error:
        if not is_taken(error):
            raise
        _revoke(token)


def _revoke(token: Any) -> None:
    """Whoever was faster may have revoked it already."""
    try:
        token.delete()
    except gitlab.GitlabDeleteError as error:
        if not is_missing(error):
            raise


def ensure_webhook(client: gitlab.Gitlab, path: str, *, url: str, secret: SecretStr) -> None:
    """Add the webhook, or renew the one with this address: its secret cannot be read, only set."""
    project = existing_project(client, path)
    wanted = {
        "url": url,
        "token": secret.get_secret_value(),
        "push_events": True,
        "pipeline_events": True,
        "enable_ssl_verification": url.startswith("https:"),
    }
    for hook in project.hooks.list(get_all=True):
        if hook.url == url:
            project.hooks.update(hook.id, wanted)
            return
    project.hooks.create(wanted)


def _has_variable(project: Any, key: str) -> bool:
    try:
        project.variables.get(key)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return False
        raise
    return True
