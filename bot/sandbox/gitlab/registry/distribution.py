"""The OCI distribution API at /v2/: push and pull by digest and tag, with GitLab's logins."""

import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from bot.sandbox.gitlab import access, errors
from bot.sandbox.gitlab.access import Caller
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.git_http import login
from bot.sandbox.gitlab.model import Level, Project
from bot.sandbox.gitlab.registry import images
from bot.sandbox.gitlab.registry.storage import DigestMismatch

_PATH = re.compile(
    r"/v2/(?P<name>.+?)/(?P<kind>blobs/uploads|blobs|manifests|tags)(?:/(?P<reference>[^/]*))?"
)
_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
_TAG = re.compile(r"\w[\w.-]{0,127}")
_READS = ("GET", "HEAD")


class _Refused(Exception):
    """The answer is one of the distribution API's errors."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"errors": [{"code": code, "message": message, "detail": None}]}


class Registry:
    """Answers docker, buildah and the kubelet."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._storage = images.storage(forge)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request below /v2/."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except _Refused as error:
            response = JSONResponse(error.body, error.status)
            if error.status == errors.unauthorized().status:
                response.headers["WWW-Authenticate"] = 'Basic realm="GitLab Container Registry"'
        response.headers.update(_VERSION)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        caller = self._caller(request)
        path = unquote(request.scope["path"])
        if path.rstrip("/") == "/v2":
            if caller.token is None:
                raise _Refused(401, "UNAUTHORIZED", "authentication required")
            return JSONResponse({})
        matched = _PATH.fullmatch(path)
        if matched is None:
            raise _Refused(404, "NAME_INVALID", "invalid repository name")
        name, reference = matched["name"], matched["reference"] or ""
        project = self._project(caller, name, is_push=request.method not in _READS)
        match matched["kind"]:
            case "blobs/uploads":
                return await self._upload(request, name, reference)
            case "blobs":
                return self._blob(reference)
            case "manifests":
                return await self._manifest(request, project, name, reference)
            case _:
                return self._tags(project, name)

    def _caller(self, request: Request) -> Caller:
        try:
            return login(self._forge, request)
        except errors.ApiError as error:
            raise _Refused(401, "UNAUTHORIZED", "authentication required") from error

    def _project(self, caller: Caller, name: str, *, is_push: bool) -> Project:
        """The project of an image, for somebody who may pull or push there."""
        project = images.project_of(self._forge, name)
        if project is None or not self._may(caller, project, is_push=is_push):
            if caller.token is None:
                raise _Refused(401, "UNAUTHORIZED", "authentication required")
            raise _Refused(403, "DENIED", "requested access to the resource is denied")
        return project

    def _may(self, caller: Caller, project: Project, *, is_push: bool) -> bool:
        if is_push:
            level = access.level_in_project(self._forge, caller, project)
            return caller.has_scope("api", "write_registry") and level >= Level.DEVELOPER
        in_scope = caller.has_scope("api", "read_registry", "write_registry")
        token = caller.token
        is_own = token is not None and token.kind == "deploy" and token.project_id == project.id
        return in_scope and (is_own or access.may_read_code(self._forge, caller, project))

    async def _upload(self, request: Request, name: str, reference: str) -> Response:
        if request.method == "POST":
            return await self._begin(request, name)
        path = self._storage.upload(reference)
        if path is None:
            raise _Refused(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        with path.open("ab") as file:
            async for chunk in request.stream():
                file.write(chunk)
        if request.method == "PATCH":
            return self._progress(name, reference)
        return self._finish(request, name, reference)

    async def _begin(self, request: Request, name: str) -> Response:
        mounted = request.query_params.get("mount", "")
        if self._storage.blob(mounted):
            return self._created(f"/v2/{name}/blobs/{mounted}", mounted)
        upload = self._storage.begin()
        if "digest" not in request.query_params:
            return self._progress(name, upload)
        path = self._storage.upload(upload)
        if path is not None:
            path.write_bytes(await request.body())
        return self._finish(request, name, upload)

    def _progress(self, name: str, upload: str) -> Response:
        path = self._storage.upload(upload)
        size = path.stat().st_size if path else 0
        headers = {
            "Location": f"{self._forge.url}/v2/{name}/blobs/uploads/{upload}",
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return Response(status_code=202, headers=headers)

    def _finish(self, request: Request, name: str, upload: str) -> Response:
        digest = request.query_params.get("digest", "")
        path = self._storage.upload(upload)
        try:
            if path is not None:
                self._storage.finish(path, digest)
        except DigestMismatch as error:
            raise _Refused(400, "DIGEST_INVALID", "provided digest did not match") from error
        return self._created(f"/v2/{name}/blobs/{digest}", digest)

    def _created(self, path: str, digest: str) -> Response:
        headers = {"Location": self._forge.url + path, "Docker-Content-Digest": digest}
        return Response(status_code=201, headers=headers)

    def _blob(self, digest: str) -> Response:
        path = self._storage.blob(digest)
        if path is None:
            raise _Refused(404, "BLOB_UNKNOWN", "blob unknown to registry")
        headers = {"Docker-Content-Digest": digest}
        return FileResponse(path, media_type="application/octet-stream", headers=headers)

    async def _manifest(
        self, request: Request, project: Project, name: str, reference: str
    ) -> Response:
        if request.method == "PUT":
            return await self._put_manifest(request, project, name, reference)
        digest = self._digest(project, name, reference)
        path = self._storage.blob(digest)
        if path is None:
            raise _Refused(404, "MANIFEST_UNKNOWN", "manifest unknown")
        media_type = images.described(path, digest).media_type
        headers = {"Docker-Content-Digest": digest}
        return FileResponse(path, media_type=media_type, headers=headers)

    async def _put_manifest(
        self, request: Request, project: Project, name: str, reference: str
    ) -> Response:
        content = await request.body()
        digest = self._storage.keep(content)
        if not reference.startswith("sha256:"):
            if not _TAG.fullmatch(reference):
                raise _Refused(400, "TAG_INVALID", "manifest tag did not match URI")
            images.set_tag(self._forge, project, name, reference, digest)
        elif reference != digest:
            raise _Refused(400, "DIGEST_INVALID", "provided digest did not match")
        return self._created(f"/v2/{name}/manifests/{digest}", digest)

    def _digest(self, project: Project, name: str, reference: str) -> str:
        if reference.startswith("sha256:"):
            return reference
        found = images.repository(self._forge, project, name)
        for tag in images.tags(self._forge, found.id) if found else ():
            if tag.name == reference:
                return tag.digest
        raise _Refused(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def _tags(self, project: Project, name: str) -> Response:
        found = images.repository(self._forge, project, name)
        if found is None:
            raise _Refused(404, "NAME_UNKNOWN", "repository name not known to registry")
        names = sorted(tag.name for tag in images.tags(self._forge, found.id))
        return JSONResponse({"name": name, "tags": names})
