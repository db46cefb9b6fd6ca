"""A registry that keeps what is pushed to it, and is as strict as the OCI distribution API."""

import base64
import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.serving import served

USER, PASSWORD = "ci", "registry-password"


@dataclass
class FakeRegistry:
    """Blobs by digest, manifests by name and reference."""

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    uploads: int = 0

    def image(self, name: str, reference: str) -> dict[str, Any]:
        """The configuration of an image."""
        manifest = json.loads(self.manifests[name, reference])
        content = json.loads(self.blobs[manifest["config"]["digest"]])
        assert isinstance(content, dict)
        return content

    def unpack(self, name: str, reference: str, target: Path) -> Path:
        """Put the files of an image into a folder."""
        for layer in json.loads(self.manifests[name, reference])["layers"]:
            with tarfile.open(fileobj=io.BytesIO(self.blobs[layer["digest"]])) as tar:
                tar.extractall(target, filter="data")
        return target

    async def answer(self, request: Request) -> Response:
        """Serve the API."""
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return JSONResponse({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        path = request.path_params["path"]
        name, _, rest = path.partition("/blobs/" if "/blobs/" in path else "/manifests/")
        body = await request.body()
        match request.method:
            case "HEAD":
                return Response(status_code=200 if rest in self.blobs else 404)
            case "POST" if rest == "uploads/":
                self.uploads += 1
                return Response(
                    status_code=202,
                    headers={"Location": f"/v2/{name}/blobs/uploads/{self.uploads}?state=x"},
                )
            case "PUT" if rest.startswith("uploads/"):
                return self._blob(request.query_params["digest"], body)
            case "PUT":
                return self._manifest(name, rest, body)
        return Response(status_code=200 if not path else 404)

    def _blob(self, digest: str, body: bytes) -> Response:
        if digest != f"sha256:{hashlib.sha256(body).hexdigest()}":
            return JSONResponse({"errors": [{"message": "digest did not match"}]}, 400)
        self.blobs[digest] = body
        return Response(status_code=201)

    def _manifest(self, name: str, reference: str, body: bytes) -> Response:
        content = json.loads(body)
        parts = (content["config"], *content["layers"])
        if not all(part["digest"] in self.blobs for part in parts):
            return JSONResponse({"errors": [{"message": "manifest blob unknown"}]}, 404)
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.manifests[name, reference] = self.manifests[name, digest] = body
        return Response(status_code=201, headers={"Docker-Content-Digest": digest})


@contextlib.asynccontextmanager
async def fake_registry() -> AsyncIterator[FakeRegistry]:
    """Serve one on a free port."""
    registry = FakeRegistry()
    methods = ["GET", "HEAD", "POST", "PUT"]
    app = Starlette(routes=[Route("/v2/{path:path}", registry.answer, methods=methods)])
    async with served(app, 0) as port:
        registry.host = f"127.0.0.1:{port}"
        yield registry
