"""Groups and projects, and the mark by which the bot knows its own."""

import re
from typing import Any

import gitlab

from bot.adapters.gitlab_errors import is_missing, is_taken
from bot.domain.errors import PermanentError
from bot.ports.git_host import Group, NewProject, Project

PLATFORM_MARK = "platform"
DELETION_DATES = ("marked_for_deletion_on", "marked_for_deletion_at")
"""The fields in which a GitLab that delays deletion says when a project goes; the second is the older name."""

_MARK = re.compile(r"Made by idp-bot for (?:job (?P<job>\S+)|the (?P<platform>platform))\.")
_NOT_IN_NAMES = re.compile(r"[^\w .-]+")


def ensure_group(client: gitlab.Gitlab, path: str, title: str) -> Group:
    """Find or create the group.

    A subgroup is as open as its parent, and a top-level group is public: a project can never be more open than its
    group, and a public group shows no more than its name and its public projects.
    """
    found = find_group(client, path)
    if found:
        return found
    parent_path, _, name = path.rpartition("/")
    wanted: dict[str, Any] = {"name": _name(title, name), "path": name, "visibility": "public"}
    if parent_path:
        parent = _parent(client, parent_path)
        wanted |= {"parent_id": parent.id, "visibility": parent.visibility}
    try:
        return _group(client.groups.create(wanted))
    except gitlab.GitlabCreateError as error:
        again = find_group(client, path) if is_taken(error) else None
        if again is None:
            raise
        return again


def find_group(client: gitlab.Gitlab, path: str) -> Group | None:
    """Read the group; an old path that leads to a renamed group is no group of that name."""
    raw = _raw_group(client, path)
    return _group(raw) if raw else None


def find_project(client: gitlab.Gitlab, path: str) -> Project | None:
    """Read the project; an old path that leads to a renamed project is no project of that name."""
    raw = raw_project(client, path)
    return _project(raw) if raw else None


def existing_project(client: gitlab.Gitlab, path: str) -> Any:
    """Read the project that must be there.

    Raises:
        PermanentError: it is not there, or the bot cannot see it.
    """
    raw = raw_project(client, path)
    if raw is None:
        raise PermanentError(
            f"There is no GitLab project {path} that the bot can see.",
            "Restore the project, or give the bot's GitLab user access to it, then retry.",
        )
    return raw


def ensure_project(client: gitlab.Gitlab, wanted: NewProject) -> Project:
    """Find the project with our mark, or create it; whoever else was faster keeps it."""
    raw = raw_project(client, wanted.path)
    if raw:
        return _ours(raw, wanted)
    parent_path, _, slug = wanted.path.rpartition("/")
    attributes = {
        "path": slug,
        "namespace_id": _parent(client, parent_path).id,
        "description": description_of(wanted),
        "visibility": wanted.visibility.value,
    }
    try:
        return _project(_create(client, attributes, title=wanted.title))
    except gitlab.GitlabCreateError as error:
        again = raw_project(client, wanted.path) if is_taken(error) else None
        if again is None:
            raise
        return _ours(again, wanted)


def _create(client: gitlab.Gitlab, attributes: dict[str, Any], *, title: str) -> Any:
    """Create the project under its title, or under its path where a neighbour has that title already."""
    slug = attributes["path"]
    name = _name(title, slug)
    try:
        return client.projects.create({**attributes, "name": name})
    except gitlab.GitlabCreateError as error:
        path_is_free = isinstance(error.error_message, dict) and "path" not in error.error_message
        if not (is_taken(error) and path_is_free and name != slug):
            raise
    return client.projects.create({**attributes, "name": slug})


def _ours(raw: Any, wanted: NewProject) -> Project:
    found = _project(raw)
    if is_marked_for_deletion(raw):
        raise PermanentError(
            f"The GitLab project {wanted.path} is about to be deleted and still holds its name.",
            "Restore it, delete it for good, or choose another name.",
        )
    if found.mark != wanted.mark:
        raise PermanentError(
            f"The GitLab project {wanted.path} exists already and was not made for this request.",
            "Choose another name, or move the existing project away, then retry.",
        )
    return found


def is_marked_for_deletion(raw: Any) -> bool:
    """Whether the project is to go on some day, and holds its path until then."""
    return any(raw.attributes.get(field) for field in DELETION_DATES)


def fit_project(client: gitlab.Gitlab, wanted: NewProject) -> Project:
    """Change what differs; a title that a neighbour has by now is not worth failing for."""
    raw = existing_project(client, wanted.path)
    _ours(raw, wanted)
    slug = wanted.path.rpartition("/")[2]
    attributes = {
        "name": _name(wanted.title, slug),
        "description": description_of(wanted),
        "visibility": wanted.visibility.value,
    }
    differing = {key: value for key, value in attributes.items() if getattr(raw, key) != value}
    if differing:
        try:
            client.projects.update(raw.id, differing)
        except gitlab.GitlabUpdateError as error:
            if not (is_taken(error) and "name" in differing):
                raise
            differing.pop("name")
            client.projects.update(raw.id, differing)
    return _project(existing_project(client, wanted.path))


def description_of(wanted: NewProject) -> str:
    """The description with the mark as its last line; what people wrote is one line and cannot be the last."""
    made_for = "the platform" if wanted.mark == PLATFORM_MARK else f"job {wanted.mark}"
    return f"{' '.join(wanted.description.split())}\n\nMade by idp-bot for {made_for}."


def mark_of(description: str | None) -> str | None:
    """The mark in a project's description, which is only ever its last line."""
    lines = (description or "").strip().splitlines()
    found = _MARK.fullmatch(lines[-1].strip()) if lines else None
    return found and (found["job"] or found["platform"])


def _parent(client: gitlab.Gitlab, path: str) -> Any:
    raw = _raw_group(client, path) if path else None
    if raw is None:
        raise PermanentError(
            f"There is no GitLab group {path} that the bot can see.",
            "Create the group (`idp-bot bootstrap` makes the platform's and the teams'), then retry.",
        )
    return raw


def _raw_group(client: gitlab.Gitlab, path: str) -> Any:
    try:
        raw = client.groups.get(path, with_projects=False)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return None
        raise
    return raw if raw.full_path.lower() == path.lower() else None


def raw_project(client: gitlab.Gitlab, path: str) -> Any:
    """The project as GitLab shows it, or None; it answers at a former path too, which does not count."""
    try:
        raw = client.projects.get(path)
    except gitlab.GitlabGetError as error:
        if is_missing(error):
            return None
        raise
    return raw if raw.path_with_namespace.lower() == path.lower() else None


def _group(raw: Any) -> Group:
    return Group(path=raw.full_path, web_url=raw.web_url)


def _project(raw: Any) -> Project:
    return Project(
        path=raw.path_with_namespace,
        web_url=raw.web_url,
        clone_url=raw.http_url_to_repo,
        default_branch=raw.default_branch or "main",
        mark=mark_of(raw.description),
    )


def _name(title: str, slug: str) -> str:
    """The title in the characters that GitLab allows in names."""
    name = " ".join(_NOT_IN_NAMES.sub(" ", title).split()).lstrip(" .-")
    return name[:255] or slug
