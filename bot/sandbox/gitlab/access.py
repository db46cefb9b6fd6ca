"""Who may do what: roles that add up along the groups, visibility, and the scopes of tokens."""

import fnmatch
from dataclasses import dataclass
from datetime import date

from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import (
    Level,
    Member,
    Namespace,
    Project,
    ProtectedBranch,
    Token,
    User,
    Visibility,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a request comes from; without a user it is anonymous, or a deploy token."""

    user: User | None = None
    token: Token | None = None

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator, who may do everything."""
        return self.user is not None and self.user.admin

    def has_scope(self, *scopes: str) -> bool:
        """Whether the token was made for one of these."""
        return self.token is None or any(scope in self.token.scopes for scope in scopes)


ANONYMOUS = Caller()


def level_in_group(forge: Forge, caller: Caller, group: Namespace | None) -> Level:
    """The highest role on the way up from a group."""
    if caller.user is None or group is None:
        return Level.NONE
    if caller.is_admin or group.owner_id == caller.user.id:
        return Level.OWNER
    sources = {each.id for each in forge.ancestors(group)}
    return _highest(forge, caller.user, "group", sources)


def level_in_project(forge: Forge, caller: Caller, project: Project) -> Level:
    """The highest role on the way up from a project."""
    if caller.user is None:
        return Level.NONE
    if caller.token is not None and caller.token.kind == "project":
        own = caller.token.project_id == project.id
        return (caller.token.access_level or Level.NONE) if own else Level.NONE
    inherited = level_in_group(forge, caller, forge.namespace_of(project))
    return max(inherited, _highest(forge, caller.user, "project", {project.id}))


def _highest(forge: Forge, user: User, source: str, ids: set[int]) -> Level:
    today = forge.now().date()
    levels = (
        member.access_level
        for member in forge.store.members.where(
            lambda m: m.user_id == user.id and m.source == source and m.source_id in ids
        )
        if not is_over(member, today)
    )
    return max(levels, default=Level.NONE)


def is_over(granted: Member | Token, today: date) -> bool:
    """Whether a membership or token has expired."""
    return granted.expires_at is not None and granted.expires_at <= today


def may_see_project(forge: Forge, caller: Caller, project: Project) -> bool:
    """Whether the project exists as far as the caller can tell."""
    return _open_to(caller, project.visibility) or (
        level_in_project(forge, caller, project) >= Level.GUEST
        or _is_deploy_token_of(caller, project)
    )


def may_read_code(forge: Forge, caller: Caller, project: Project) -> bool:
    """Whether the caller may clone: guests of a private project may not."""
    return (
        _open_to(caller, project.visibility)
        or level_in_project(forge, caller, project) >= Level.REPORTER
        or (_is_deploy_token_of(caller, project) and caller.has_scope("read_repository"))
    )


def may_see_group(forge: Forge, caller: Caller, group: Namespace) -> bool:
    """Whether the group exists as far as the caller can tell: also through a project or group inside."""
    if _open_to(caller, group.visibility) or level_in_group(forge, caller, group):
        return True
    inside = {each.id for each in forge.descendants(group)}
    return any(
        level_in_project(forge, caller, project)
        for project in forge.store.projects.where(lambda p: p.namespace_id in inside)
    ) or any(
        level_in_group(forge, caller, each)
        for each in forge.store.namespaces.where(lambda n: n.id in inside)
    )


def _open_to(caller: Caller, visibility: Visibility) -> bool:
    if visibility is Visibility.INTERNAL:
        return caller.user is not None
    return visibility is Visibility.PUBLIC


def _is_deploy_token_of(caller: Caller, project: Project) -> bool:
    token = caller.token
    return token is not None and token.kind == "deploy" and token.project_id == project.id


def may_push(forge: Forge, caller: Caller, project: Project, branch: str) -> bool:
    """Whether the caller may move a branch, protected or not."""
    level = _level_to_write(forge, caller, project)
    rules = protections(forge, project, branch)
    return level >= Level.DEVELOPER and (
        not rules
        or any(_passes(caller, level, rule.push_level, rule.push_user_ids) for rule in rules)
    )


def may_merge(forge: Forge, caller: Caller, project: Project, branch: str) -> bool:
    """Whether the caller may merge into a branch, protected or not."""
    level = _level_to_write(forge, caller, project)
    rules = protections(forge, project, branch)
    return level >= Level.DEVELOPER and (
        not rules
        or any(_passes(caller, level, rule.merge_level, rule.merge_user_ids) for rule in rules)
    )


def _level_to_write(forge: Forge, caller: Caller, project: Project) -> Level:
    return Level.NONE if project.is_read_only else level_in_project(forge, caller, project)


def _passes(caller: Caller, level: Level, needed: Level, user_ids: tuple[int, ...]) -> bool:
    if caller.user is not None and caller.user.id in user_ids:
        return True
    return caller.is_admin or (needed is not Level.NONE and level >= needed)


def protections(forge: Forge, project: Project, branch: str) -> list[ProtectedBranch]:
    """The rules whose name or wildcard fits a branch."""
    return forge.store.protected_branches.where(
        lambda rule: rule.project_id == project.id and fnmatch.fnmatchcase(branch, rule.name)
    )
