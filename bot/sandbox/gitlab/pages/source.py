"""Pages about code: folders, files, commits, branches, comparisons."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import RedirectResponse, Response

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.git import diffs, reading, repository
from bot.sandbox.gitlab.model import Project
from bot.sandbox.gitlab.pages import patches, rendering
from bot.sandbox.gitlab.pages.site import NoSuchPage, Site

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
_COMMITS_SHOWN = 100
_MARKDOWN = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class Place:
    """A revision and a path in it, told apart in an address that holds both."""

    ref: str
    path: str


def place(project: Project, text: str) -> Place:
    """Branches may hold slashes, so the longest name that exists is taken."""
    names = [ref.removeprefix(_HEADS).removeprefix(_TAGS) for ref in project.refs]
    fitting = [name for name in names if f"{text}/".startswith(f"{name}/")]
    ref = max(fitting, key=len, default=text.partition("/")[0])
    return Place(ref, text[len(ref) :].strip("/"))


def _crumbs(path: str) -> list[dict[str, str]]:
    parts = path.split("/") if path else []
    return [
        {"name": part, "path": "/".join(parts[: number + 1])} for number, part in enumerate(parts)
    ]


def _names(project: Project, prefix: str) -> list[str]:
    return sorted(ref.removeprefix(prefix) for ref in project.refs if ref.startswith(prefix))


@dataclass(frozen=True, slots=True)
class _Folder:
    entries: list[reading.Entry]
    commits: dict[str, reading.Commit]
    last: reading.Commit | None
    readme: reading.File | None


def _folder(path: Path, ref: str, inside: str) -> _Folder:
    entries = reading.tree(path, ref, inside)
    commits = reading.last_commits(path, ref, tuple(entry.path for entry in entries))
    readmes = [entry.path for entry in entries if entry.name.lower().startswith("readme")]
    history = sorted(commits.values(), key=lambda each: each.committed_at)
    last = reading.commit(path, ref) if not inside else (history[-1] if history else None)
    readme = reading.file(path, ref, readmes[0]) if readmes else None
    return _Folder(entries, commits, last, readme)


async def tree(site: Site, project: Project, text: str | None) -> Response:
    """A folder, with its README; without a place it is the project's home."""
    where = place(project, text or project.default_branch)
    shown: dict[str, Any] = {"is_home": text is None, "inside": where.path}
    if not project.refs:
        return site.project_page("tree.html", project, "files", project.name, ref=None, **shown)
    folder = await site.forge.git(_folder, project, where.ref, where.path)
    readme = folder.readme
    return site.project_page(
        "tree.html",
        project,
        "files",
        where.path or project.name,
        ref=where.ref,
        branches=_names(project, _HEADS),
        crumbs=_crumbs(where.path),
        entries=folder.entries,
        commits=folder.commits,
        last=folder.last,
        pipeline=site.latest_pipeline(project, folder.last.sha) if folder.last else None,
        readme=_readme(site, project, where.ref, readme) if readme else None,
        readme_name=readme.path.rpartition("/")[2] if readme else "",
        **shown,
    )


def _readme(site: Site, project: Project, ref: str, file: reading.File) -> object:
    text = file.content.decode(errors="replace")
    if file.path.lower().endswith(_MARKDOWN):
        return rendering.markdown(text, _home(site, project, Place(ref, file.path)))
    return rendering.code(file.path, text)


def _home(site: Site, project: Project, where: Place) -> rendering.Home:
    folder = where.path.rpartition("/")[0]
    return rendering.Home(site.forge.full_path(project), where.ref, folder)


async def edit(site: Site, project: Project, text: str) -> Response:
    """Where GitLab has an editor there is none: it shows the file, and how to change it."""
    return await blob(site, project, text, is_edit=True)


async def blob(site: Site, project: Project, text: str, *, is_edit: bool = False) -> Response:
    """A file with colours and line numbers; the address of a folder leads to the folder's page."""
    where = place(project, text)
    try:
        file = await site.forge.git(reading.file, project, where.ref, where.path)
    except reading.NoSuchPath:
        await site.forge.git(reading.tree, project, where.ref, where.path)
        return RedirectResponse(f"/{site.forge.full_path(project)}/-/tree/{text}", 302)
    last = await site.forge.git(reading.commit, project, file.last_commit)
    content = _text(file.content)
    is_markdown = where.path.lower().endswith(_MARKDOWN) and content is not None
    return site.project_page(
        "blob.html",
        project,
        "files",
        where.path,
        ref=where.ref,
        path=where.path,
        name=where.path.rpartition("/")[2],
        crumbs=_crumbs(where.path),
        size=len(file.content),
        last=last,
        rendered=rendering.markdown(content, _home(site, project, where))
        if is_markdown and content
        else None,
        is_edit=is_edit,
        code=None if content is None else rendering.code(where.path, content),
    )


def _text(content: bytes) -> str | None:
    if b"\0" in content:
        return None
    return content.decode(errors="replace")


async def raw(site: Site, project: Project, text: str) -> Response:
    """A file's own bytes, never as a page of ours."""
    where = place(project, text)
    file = await site.forge.git(reading.file, project, where.ref, where.path)
    is_text = _text(file.content) is not None
    kind = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(file.content, media_type=kind, headers=headers)


async def commits(site: Site, project: Project, text: str) -> Response:
    """The history of a branch, or of a path in it, day by day."""
    where = place(project, text or project.default_branch)
    found: list[reading.Commit] = []
    if project.refs:
        found = await site.forge.git(reading.log, project, where.ref, inside=where.path)
    shown = found[:_COMMITS_SHOWN]
    return site.project_page(
        "commits.html",
        project,
        "commits",
        "Commits",
        ref=where.ref,
        inside=where.path,
        days=list(_by_day(shown)),
        runs={each.sha: site.latest_pipeline(project, each.sha) for each in shown},
    )


def _by_day(found: Iterable[reading.Commit]) -> Iterable[tuple[str, list[reading.Commit]]]:
    by_day = itertools.groupby(found, lambda each: each.committed_at.strftime("%d %b %Y"))
    return ((day, list(group)) for day, group in by_day)


async def commit(site: Site, project: Project, text: str) -> Response:
    """A commit with what it changed."""
    found = await site.forge.git(reading.commit, project, text)
    files = await site.forge.git(diffs.of_commit, project, found.sha)
    return site.project_page(
        "commit.html",
        project,
        "commits",
        found.sha[:8],
        commit=found,
        body=found.message.partition("\n")[2].strip(),
        files=patches.readable(files),
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
        pipeline=site.latest_pipeline(project, found.sha),
    )


async def branches(site: Site, project: Project, _: str) -> Response:
    """All branches and tags."""
    found = [
        {
            "name": name,
            "commit": await site.forge.git(reading.commit, project, project.refs[_HEADS + name]),
            "is_default": name == project.default_branch,
            "is_protected": bool(access.protections(site.forge, project, name)),
        }
        for name in _names(project, _HEADS)
    ]
    tags = _names(project, _TAGS)
    return site.project_page(
        "branches.html", project, "branches", "Branches", found=found, tags=tags
    )


async def compare(site: Site, project: Project, text: str) -> Response:
    """What one revision has that another has not."""
    old, dots, new = text.partition("...")
    if not dots:
        raise NoSuchPage
    found = await site.forge.git(diffs.compare, project, old, new)
    tip = await site.forge.git(reading.commit, project, new)
    return site.project_page(
        "compare.html",
        project,
        "commits",
        "Compare",
        old=old,
        new=new,
        tip=tip,
        commits=found.commits[::-1],
        files=patches.readable(found.files),
    )


NOT_THERE = (repository.UnknownRevision, reading.NoSuchPath)
