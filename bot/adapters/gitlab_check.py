"""Whether GitLab is as the bot needs it: its token, its rights, and the platform's own places."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

import gitlab
from gitlab.const import AccessLevel

from bot.adapters.gitlab import GitLab
from bot.adapters.gitlab_errors import is_missing
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.platform import Platform
from bot.ports.finding import Checkup, Finding, Findings, failed, ok, warning

T = TypeVar("T")
Teams = Callable[[], Awaitable[Iterable[str]]]

_SYSTEM, _TEAMS = "GitLab", "Teams"
_BOOTSTRAP = "Run `python -m bot bootstrap`."
_NEW_TOKEN = "Create a token with the scope “api” and put it in GITLAB_TOKEN."  # noqa: S105 advice, not a secret
_RENEW_WITHIN = timedelta(days=14)
_UNAUTHORIZED = 401


def checkup(git: GitLab, platform: Platform, *, today: date) -> Checkup:
    """Look at the token, at its rights in the platform's group, and at the platform's projects."""
    return Checkup(_SYSTEM, "GITLAB_URL", _findings(git, platform, today))


def teams_checkup(git: GitLab, platform: Platform, *, teams: Teams) -> Checkup:
    """Look for a group of every team of the catalog: its applications' repositories go there.

    Args:
        git: where the groups are.
        platform: which group they are in.
        teams: asks the catalog for the names of the teams.
    """
    return Checkup(_TEAMS, "GITLAB_URL and BACKSTAGE_URL", _team_findings(git, platform, teams))


async def _findings(git: GitLab, platform: Platform, today: date) -> Findings:
    """Look at the token first: without it GitLab says nothing."""
    reachable = ok(_SYSTEM, "reachable", f"It answers at {platform.gitlab_url}.")
    try:
        token = await _ask(git, "show its own token", _own_token)
    except PermanentError as error:
        if not _is_refused_token(error):
            raise
        yield reachable
        yield failed(_SYSTEM, "token", error.cause, error.fix)
        return
    if "api" not in token["scopes"]:
        yield reachable
        scopes = ", ".join(token["scopes"]) or "none"
        yield failed(_SYSTEM, "token", f"It lacks the scope api; it has {scopes}.", _NEW_TOKEN)
        return
    version = await _ask(git, "show its version", _version)
    yield ok(_SYSTEM, "reachable", f"GitLab {version} answers at {platform.gitlab_url}.")
    yield _token(token, today)
    group = await _ask(git, "look at the platform's group", _group, platform.gitlab_group)
    for finding in _group_findings(platform.gitlab_group, group):
        yield finding
    if group:
        async for finding in _project_findings(git, platform):
            yield finding


async def _team_findings(git: GitLab, platform: Platform, teams: Teams) -> Findings:
    check = "groups"
    try:
        wanted = sorted(set(await teams()))
        there = await _ask(git, "list the teams' groups", _subgroups, platform.gitlab_group)
    except (TemporaryError, PermanentError) as error:
        yield warning(_TEAMS, check, f"Not checked: {error.cause}", "Mend that first.")
        return
    missing = [team for team in wanted if team not in there]
    if missing:
        yield failed(
            _TEAMS,
            check,
            f"There is no GitLab group below {platform.gitlab_group} for {', '.join(missing)}.",
            "Add the team to catalog/ and run `python -m bot bootstrap`, or create the group in GitLab.",
        )
    else:
        yield ok(_TEAMS, check, f"Each team has its group: {', '.join(wanted) or 'there is none'}.")


async def _ask(git: GitLab, doing: str, function: Callable[..., T], *args: object) -> T:
    return await git._ask(doing, function, *args)  # noqa: SLF001 the very connection that is examined


def _is_refused_token(error: PermanentError) -> bool:
    return getattr(error.__cause__, "response_code", None) == _UNAUTHORIZED


def _own_token(client: gitlab.Gitlab) -> Mapping[str, Any]:
    found: Any = client.http_get("/personal_access_tokens/self")
    return {"scopes": list(found["scopes"]), "name": found["name"], "ends": found["expires_at"]}


def _version(client: gitlab.Gitlab) -> str:
    found: Any = client.http_get("/version")
    return str(found["version"])


def _token(token: Mapping[str, Any], today: date) -> Finding:
    ends = token["ends"]
    if ends and date.fromisoformat(ends) - today < _RENEW_WITHIN:
        detail = f"“{token['name']}” is accepted, but ends on {ends}."
        return warning(_SYSTEM, "token", detail, _NEW_TOKEN)
    until = f"until {ends}" if ends else "for ever"
    return ok(_SYSTEM, "token", f"“{token['name']}” is accepted {until} and has the scope api.")


@dataclass(frozen=True, slots=True)
class _Group:
    """The platform's group, and the bot's role in it."""

    level: int
    user: str
    project_creation: str
    subgroup_creation: str


def _group(client: gitlab.Gitlab, path: str) -> _Group | None:
    try:
        group = client.groups.get(path, with_projects=False)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return None
        raise
    user: Any = client.http_get("/user")
    return _Group(
        level=AccessLevel.OWNER if user.get("is_admin") else _level(client, group, user["id"]),
        user=user["username"],
        project_creation=getattr(group, "project_creation_level", None) or "",
        subgroup_creation=getattr(group, "subgroup_creation_level", None) or "",
    )


def _level(client: gitlab.Gitlab, group: Any, user_id: int) -> int:
    try:
        member: Any = client.http_get(f"/groups/{group.id}/members/all/{user_id}")
    except gitlab.GitlabHttpError as error:
        if is_missing(error):
            return AccessLevel.NO_ACCESS
        raise
    return int(member["access_level"])


def _group_findings(path: str, group: _Group | None) -> Iterator[Finding]:
    if group is None:
        yield failed(
            _SYSTEM,
            "group",
            f"There is no group {path} that the bot can see.",
            f"{_BOOTSTRAP} If GitLab does not let it, create the group and make the bot's user its Owner.",
        )
        return
    role = _role(group.level)
    if group.level < AccessLevel.MAINTAINER:
        yield failed(
            _SYSTEM,
            "group",
            f"{group.user} has {role} in {path}, which is too little to create projects and tokens.",
            f"Give {group.user} the role Owner in {path}.",
        )
    elif group.project_creation == "noone":
        yield failed(
            _SYSTEM,
            "group",
            f"Nobody may create projects in {path}.",
            f"Let Maintainers create projects in the settings of {path}.",
        )
    elif group.subgroup_creation == "owner" and group.level < AccessLevel.OWNER:
        yield warning(
            _SYSTEM,
            "group",
            f"{group.user} has {role} in {path}, where only Owners may create subgroups.",
            f"Give {group.user} the role Owner, or create the groups of new teams by hand.",
        )
    elif group.level < AccessLevel.OWNER:
        yield warning(
            _SYSTEM,
            "group",
            f"{group.user} has {role} in {path}; only Owners may delete or archive projects, so nothing can be undone.",
            f"Give {group.user} the role Owner in {path}.",
        )
    else:
        yield ok(_SYSTEM, "group", f"{group.user} has {role} in {path}.")


def _role(level: int) -> str:
    known = {each.value: each.name.replace("_", " ").capitalize() for each in AccessLevel}
    return f"the role {known[level]}" if level in known and level else "no role"


async def _project_findings(git: GitLab, platform: Platform) -> Findings:
    deployed = (platform.user_apps_project, platform.compositions_project)
    wanted = (platform.catalog_project, platform.templates_project, *deployed)
    found = await asyncio.gather(*(git.find_project(path) for path in wanted))
    missing = [path for path, project in zip(wanted, found, strict=True) if project is None]
    for path in missing:
        yield failed(_SYSTEM, "project", f"There is no project {path}.", _BOOTSTRAP)
    if not missing:
        yield ok(_SYSTEM, "projects", f"The platform's are there: {', '.join(wanted)}.")
    if platform.argocd_url:
        for path in deployed:
            if path not in missing:
                yield await _webhook(git, path, f"{platform.argocd_url}/api/webhook")


async def _webhook(git: GitLab, path: str, url: str) -> Finding:
    try:
        urls = await _ask(git, f"list the webhooks of {path}", _webhooks, path)
    except PermanentError as error:
        return warning(_SYSTEM, "webhook", error.cause, error.fix)
    if url in urls:
        return ok(_SYSTEM, "webhook", f"{path} tells Argo CD of pushes.")
    detail = f"{path} does not tell {url} of pushes, so Argo CD sees them minutes later."
    return warning(_SYSTEM, "webhook", detail, _BOOTSTRAP)


def _webhooks(client: gitlab.Gitlab, path: str) -> frozenset[str]:
    hooks = client.projects.get(path, lazy=True).hooks.list(get_all=True)
    return frozenset(str(hook.url) for hook in hooks)


def _subgroups(client: gitlab.Gitlab, path: str) -> frozenset[str]:
    groups = client.groups.get(path, lazy=True).subgroups.list(get_all=True)
    return frozenset(str(group.path) for group in groups)
