"""Push an image to a registry over the OCI distribution API."""

import base64
import http.client
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bot.sandbox.runner.images.dockerfile import BuildFailed
from bot.sandbox.runner.images.layout import MANIFEST, Layout

_TIMEOUT: Final = 30
_BLOB: Final = "application/octet-stream"


class Credentials:
    """Names and passwords by registry, in the file that container tools share."""

    def __init__(self, home: Path) -> None:
        self._file = home / ".config" / "containers" / "auth.json"

    def get(self, host: str) -> str | None:
        """What follows `Basic` for this registry."""
        auth = self._all().get(host, {}).get("auth")
        return None if auth is None else str(auth)

    def put(self, host: str, user: str, password: str) -> None:
        """Remember a name and a password."""
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._write({**self._all(), host: {"auth": auth}})

    def remove(self, host: str) -> None:
        """Forget them."""
        self._write({name: entry for name, entry in self._all().items() if name != host})

    def _all(self) -> dict[str, Any]:
        return dict(json.loads(self._file.read_text())["auths"]) if self._file.exists() else {}

    def _write(self, auths: Mapping[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"auths": auths}))
        self._file.chmod(0o600)


@dataclass(frozen=True)
class Name:
    """An image's name in its parts: `host/path:tag`."""

    host: str
    path: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "Name":
        """Split a full name.

        Raises:
            BuildFailed: it names no registry, so nothing can be pushed.
        """
        host, slash, rest = text.removeprefix("docker://").partition("/")
        if not slash or not ("." in host or ":" in host or host == "localhost"):
            raise BuildFailed(f"{text}: the name has to begin with the registry's host")
        path, _, tag = rest.partition(":")
        return cls(host, path, tag or "latest")


class Registry:
    """One registry. Loopback is spoken to in plain HTTP, everything else over TLS."""

    def __init__(self, host: str, auth: str | None) -> None:
        self._host = host
        self._auth = auth

    def check(self) -> None:
        """See that it is there and knows us.

        Raises:
            BuildFailed: it does not.
        """
        self._ask("GET", "/v2/", expect=(200,))

    def push(self, layout: Layout, digest: str, name: Name) -> None:
        """Upload what the registry lacks, the manifest last."""
        manifest = layout.blob(digest)
        content = json.loads(manifest)
        for entry in (content["config"], *content["layers"]):
            self._push_blob(name.path, entry["digest"], layout.blob(entry["digest"]))
        self._ask("PUT", f"/v2/{name.path}/manifests/{name.tag}", manifest, MANIFEST, expect=(201,))

    def _push_blob(self, path: str, digest: str, content: bytes) -> None:
        status, _ = self._ask("HEAD", f"/v2/{path}/blobs/{digest}", expect=(200, 404))
        if status == http.client.OK:
            return
        _, headers = self._ask("POST", f"/v2/{path}/blobs/uploads/", b"", expect=(202,))
        upload = urlsplit(headers["location"])
        query = f"{upload.query}&digest={digest}" if upload.query else f"digest={digest}"
        self._ask("PUT", f"{upload.path}?{query}", content, _BLOB, expect=(201,))

    def _ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        kind: str = _BLOB,
        *,
        expect: tuple[int, ...],
    ) -> tuple[int, Mapping[str, str]]:
        connection = self._connection()
        headers = {"Content-Type": kind} if body is not None else {}
        if self._auth:
            headers["Authorization"] = f"Basic {self._auth}"
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise BuildFailed(f"pinging container registry {self._host}: {error}") from error
        finally:
            connection.close()
        if response.status not in expect:
            raise BuildFailed(_refusal(self._host, response.status, answer))
        return response.status, {key.lower(): value for key, value in response.getheaders()}

    def _connection(self) -> http.client.HTTPConnection:
        if _is_loopback(self._host):
            return http.client.HTTPConnection(self._host, timeout=_TIMEOUT)
        return http.client.HTTPSConnection(self._host, timeout=_TIMEOUT)


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refusal(host: str, status: int, answer: bytes) -> str:
    if status == http.client.UNAUTHORIZED:
        return f"{host}: unauthorized: authentication required"
    try:
        reason = json.loads(answer)["errors"][0]["message"]
    except (ValueError, LookupError, TypeError):
        reason = answer[:200].decode(errors="replace")
    return f"{host}: status {status}: {reason}"
