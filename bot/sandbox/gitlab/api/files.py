"""Files: read them (with ETags), write them one by one, list folders, pack archives."""

import base64
import hashlib
from typing import Any

from starlette.responses import Response

from bot.sandbox.gitlab import errors
from bot.sandbox.gitlab.api.call import Call, Handler, answer, nothing
from bot.sandbox.gitlab.api.commits import content_of, write
from bot.sandbox.gitlab.api.paging import keyset, paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import code
from bot.sandbox.gitlab.git import archives, reading, repository, writing
from bot.sandbox.gitlab.model import Level, Project


async def _file(call: Call, *, default_ref: bool = False) -> reading.File:
    project = call.code()
    if not default_ref:
        call.params.need("ref")
    revision = call.params.text("ref") or project.default_branch
    try:
        return await call.forge.git(
            reading.file,
            project,
            project.default_branch if revision == "HEAD" else revision,
            call.part("file_path"),
        )
    except repository.UnknownRevision as error:
        raise errors.not_found("Commit") from error
    except reading.NoSuchPath as error:
        raise errors.not_found("File") from error


def _described(call: Call, file: reading.File) -> dict[str, Any]:
    return {
        "file_name": file.path.rpartition("/")[2],
        "file_path": file.path,
        "size": len(file.content),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(file.content).hexdigest(),
        "ref": call.params.text("ref") or "HEAD",
        "blob_id": file.blob,
        "commit_id": file.commit,
        "last_commit_id": file.last_commit,
        "execute_filemode": file.executable,
    }


def _headers(described: dict[str, Any]) -> dict[str, str]:
    """The same facts as headers, which is all that a HEAD gets."""
    headers = {}
    for key, value in described.items():
        name = "-".join(part.title() for part in key.split("_"))
        text = str(value).lower() if isinstance(value, bool) else str(value)
        headers[f"X-Gitlab-{name}"] = text.encode("ascii", "replace").decode()
    return headers


async def get_file(call: Call) -> Response:
    """A file with its content in base64."""
    file = await _file(call)
    described = _described(call, file)
    content = base64.b64encode(file.content).decode()
    return answer(described | {"content": content}, headers=_headers(described))


async def head_file(call: Call) -> Response:
    """Whether a file is there, and what is known of it."""
    file = await _file(call)
    return Response(status_code=200, headers=_headers(_described(call, file)))


async def raw_file(call: Call) -> Response:
    """A file's own bytes; 304 to whoever has them already."""
    file = await _file(call, default_ref=True)
    etag = f'W/"{hashlib.md5(file.blob.encode(), usedforsecurity=False).hexdigest()}"'
    headers = _headers(_described(call, file)) | {
        "ETag": etag,
        "Cache-Control": "max-age=0, private, must-revalidate, no-store, no-cache",
        "Content-Disposition": "inline",
    }
    known = [tag.strip() for tag in call.request.headers.get("if-none-match", "").split(",")]
    if etag in known or etag.removeprefix("W/") in known:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type="text/plain; charset=utf-8", headers=headers)


def _writing(kind: str) -> Handler:
    async def write_file(call: Call) -> Response:
        needed = ("branch", "commit_message", *(() if kind == "delete" else ("content",)))
        call.params.need(*needed)
        project = call.project(Level.DEVELOPER)
        action = writing.Action(
            kind=kind,
            path=call.part("file_path"),
            content=content_of(call.params),
            last_commit_id=call.params.text("last_commit_id"),
            executable=call.params.flag("execute_filemode"),
        )
        await write(call, project, (action,), call.params.needed_text("commit_message"))
        if kind == "delete":
            return nothing()
        done = {"file_path": action.path, "branch": call.params.needed_text("branch")}
        return answer(done, 201 if kind == "create" else 200)

    return write_file


async def tree(call: Call) -> Response:
    """What a folder holds."""
    project = call.code()
    revision = call.params.text("ref") or project.default_branch
    try:
        entries = await call.forge.git(
            reading.tree,
            project,
            revision,
            call.params.text("path") or "",
            recursive=call.params.flag("recursive"),
        )
    except repository.UnknownRevision as error:
        raise errors.not_found("Tree") from error
    except reading.NoSuchPath as error:
        raise errors.not_found("invalid revision or path") from error
    if call.params.text("pagination") == "keyset":
        shown, headers = keyset(call, entries, lambda each: each.sha + each.path, "page_token")
        return answer([code.entry(each) for each in shown], headers=headers)
    return paged(call, entries, code.entry)


async def blob(call: Call) -> Response:
    """A file by the hash of its content."""
    project = call.code()
    sha = call.part("sha")
    try:
        content = await call.forge.git(reading.blob, project, sha)
    except reading.NoSuchPath as error:
        raise errors.not_found("Blob") from error
    if call.request.scope["path"].endswith("/raw"):
        return Response(content, media_type="application/octet-stream")
    encoded = base64.b64encode(content).decode()
    return answer({"size": len(content), "encoding": "base64", "content": encoded, "sha": sha})


def _archiving(kind: str) -> Handler:
    async def archive(call: Call) -> Response:
        project = call.code()
        revision = call.params.text("sha") or project.default_branch
        inside = (call.params.text("path") or "").strip("/")
        packed = await _packed(call, project, revision, inside, kind)
        return Response(
            packed.content,
            media_type=archives.MEDIA_TYPES[kind],
            headers={
                "Content-Disposition": f'attachment; filename="{packed.folder}.{kind}"',
                "ETag": f'W/"{packed.sha}"',
            },
        )

    return archive


async def _packed(
    call: Call, project: Project, revision: str, inside: str, kind: str
) -> archives.Archive:
    try:
        return await call.forge.git(
            archives.pack, project, revision, inside=inside, name=project.path, kind=kind
        )
    except (repository.UnknownRevision, reading.NoSuchPath) as error:
        raise errors.not_found("File") from error


_FILE = "/projects/{id}/repository/files/{file_path}"
_ARCHIVE = "/projects/{id}/repository/archive"
ROUTES = (
    Route("GET", f"{_FILE}/raw", raw_file, "read_repository"),
    Route("GET", _FILE, get_file, "read_repository"),
    Route("HEAD", _FILE, head_file, "read_repository"),
    Route("POST", _FILE, _writing("create"), "write_repository"),
    Route("PUT", _FILE, _writing("update"), "write_repository"),
    Route("DELETE", _FILE, _writing("delete"), "write_repository"),
    Route("GET", "/projects/{id}/repository/tree", tree, "read_repository"),
    Route("GET", "/projects/{id}/repository/blobs/{sha}", blob, "read_repository"),
    Route("GET", "/projects/{id}/repository/blobs/{sha}/raw", blob, "read_repository"),
    Route("GET", _ARCHIVE, _archiving("tar.gz"), "read_repository"),
    Route("GET", f"{_ARCHIVE}.tar.gz", _archiving("tar.gz"), "read_repository"),
    Route("GET", f"{_ARCHIVE}.zip", _archiving("zip"), "read_repository"),
)
