"""A small asynchronous client of the Kubernetes API, for controllers."""

import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, key_of, kind_of

APPLY = "application/apply-patch+yaml"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
MERGE = "application/merge-patch+json"
WATCH_SECONDS = 240
NOT_FOUND, CONFLICT, GONE = 404, 409, 410
_NONE: Mapping[str, str] = MappingProxyType({})


class ApiError(Exception):
    """The API server refused; `code` and `reason` are those of its Status object."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class UnknownKindError(Exception):
    """No such kind is served (yet): its CustomResourceDefinition may still come."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server serves it."""

    kind: Kind
    plural: str
    is_namespaced: bool

    def path(self, key: Key | None = None, subresource: str = "") -> str:
        """Build the path of one object, or of the whole collection in all namespaces."""
        prefix = "/apis/" if self.kind.group else "/api/"
        parts = [prefix + self.kind.api_version]
        if key and key.namespace and self.is_namespaced:
            parts += ["namespaces", key.namespace]
        parts.append(self.plural)
        if key and key.name:
            parts.append(key.name)
        return "/".join([*parts, subresource] if subresource else parts)


class Kube:
    """Speaks for one controller, whose name stands behind every field that it applies."""

    def __init__(
        self, url: str, token: str, ca: Path, *, headers: Mapping[str, str] = _NONE
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            verify=ssl.create_default_context(cafile=str(ca)),
            headers={**headers, "Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(30),
            # A TLS handshake costs more than most requests: what is open stays open.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            trust_env=False,
        )
        self._resources: dict[Kind, Resource] = {}
        self.on_written: Callable[[Object], None] = lambda _: None

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()

    async def resource(self, kind: Kind) -> Resource:
        """Find how a kind is served.

        Raises:
            UnknownKindError: it is not.
        """
        if kind not in self._resources:
            await self._discover(kind)
        if kind not in self._resources:
            raise UnknownKindError(
                f'no matches for kind "{kind.kind}" in version "{kind.api_version}"'
            )
        return self._resources[kind]

    def forget(self, kind: Kind) -> None:
        """Discover the kind anew: its definition changed."""
        self._resources.pop(kind, None)

    async def api_versions(self) -> list[str]:
        """List what is served, as `group/version` and `group/version/Kind`, the way Helm wants it."""
        versions, kinds = [], []
        for path in ("/api", "/apis"):
            answer = await self._request("GET", path, headers={"Accept": AGGREGATED})
            for group in answer["items"]:
                prefix = f"{name}/" if (name := group["metadata"].get("name")) else ""
                for version in group["versions"]:
                    served = f"{prefix}{version['version']}"
                    names = {each["responseKind"]["kind"] for each in version["resources"]}
                    versions.append(served)
                    kinds += [f"{served}/{kind}" for kind in sorted(names)]
        return versions + kinds

    async def server_version(self) -> str:
        """Ask for the server's version, such as `v1.37.0`."""
        return str((await self._request("GET", "/version"))["gitVersion"])

    async def list(self, kind: Kind) -> tuple[list[Object], str]:
        """Read all objects of a kind, with the version to watch from."""
        resource = await self.resource(kind)
        answer = await self._request("GET", resource.path())
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [named | item for item in answer["items"]], answer["metadata"]["resourceVersion"]

    async def watch(self, kind: Kind, version: str) -> AsyncIterator[tuple[str, Object]]:
        """Follow a kind from a version on, until the server ends the watch.

        Raises:
            ApiError: code 410 where the version is too old: list again.
        """
        params: dict[str, Any] = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": WATCH_SECONDS,
        }
        path = (await self.resource(kind)).path()
        # A connection that died unnoticed would hang without a limit above the server's own.
        timeout = httpx.Timeout(30, read=WATCH_SECONDS + 30)
        async with self._http.stream("GET", path, params=params, timeout=timeout) as response:
            if response.is_error:
                raise _refusal(response.status_code, await response.aread())
            async for line in response.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _refusal(event["object"].get("code", GONE), event["object"])
                yield event["type"], event["object"]

    async def get(self, kind: Kind, key: Key) -> Object | None:
        """Read one object; None where there is none."""
        resource = await self.resource(kind)
        try:
            return await self._request("GET", resource.path(key))
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise

    async def create(self, obj: Object) -> Object:
        """Make an object that must not be there yet."""
        resource = await self.resource(kind_of(obj))
        collection = Key(key_of(obj).namespace, "")
        return await self._write("POST", resource.path(collection), content=json.dumps(obj))

    async def apply(self, obj: Object, *, manager: str, dry_run: bool = False) -> Object:
        """Apply an object on the server, and take over fields that others hold."""
        resource = await self.resource(kind_of(obj))
        params = {"fieldManager": manager, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        send = self._request if dry_run else self._write
        return await send(
            "PATCH",
            resource.path(key_of(obj)),
            params=params,
            content=json.dumps(obj),
            headers={"Content-Type": APPLY},
        )

    async def patch(self, kind: Kind, key: Key, change: Object, *, subresource: str = "") -> Object:
        """Merge a change into an object."""
        return await self._write(
            "PATCH",
            (await self.resource(kind)).path(key, subresource),
            content=json.dumps(change),
            headers={"Content-Type": MERGE},
        )

    async def patch_status(self, obj: Object, status: Object) -> None:
        """Bring the status of an object to `status`; nothing is sent where it is so already."""
        change = merge_patch(obj.get("status") or {}, status)
        if change:
            kind, key = kind_of(obj), key_of(obj)
            await self.patch(kind, key, {"status": change}, subresource="status")

    async def delete(
        self, kind: Kind, key: Key, *, uid: str = "", grace: int | None = None
    ) -> None:
        """Ask for the end of an object, of that uid alone where one is given; "already gone" is fine."""
        options: Object = {"propagationPolicy": "Background"}
        if uid:
            options["preconditions"] = {"uid": uid}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            path = (await self.resource(kind)).path(key)
            await self._request("DELETE", path, content=json.dumps(options))
        except ApiError as error:
            if error.code not in {NOT_FOUND, CONFLICT}:
                raise

    async def _discover(self, kind: Kind) -> None:
        for name, entry in (await self._kinds(kind.api_version)).items():
            found = Kind(kind.api_version, name)
            self._resources[found] = Resource(found, entry["name"], entry["namespaced"])

    async def _kinds(self, api_version: str) -> dict[str, Any]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            entries = (await self._request("GET", path))["resources"]
        except ApiError as error:
            if error.code == NOT_FOUND:
                return {}
            raise
        return {entry["kind"]: entry for entry in entries if "/" not in entry["name"]}

    async def _write(self, method: str, path: str, **options: Any) -> Object:
        written = await self._request(method, path, **options)
        self.on_written(written)
        return written

    async def _request(self, method: str, path: str, **options: Any) -> Object:
        headers = {"Content-Type": "application/json"} | options.pop("headers", {})
        response = await self._http.request(method, path, headers=headers, **options)
        if response.is_error:
            raise _refusal(response.status_code, response.content)
        answer: Object = response.json()
        return answer


def merge_patch(old: Object, new: Object) -> Object:
    """Find the JSON merge patch that turns one object into another."""
    patch: Object = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if change := merge_patch(before, value):
                patch[name] = change
        elif before != value:
            patch[name] = value
    return patch


def _refusal(code: int, body: bytes | Object) -> ApiError:
    status = body if isinstance(body, dict) else _status_object(body)
    return ApiError(code, status.get("reason", ""), status.get("message", f"status {code}"))


def _status_object(body: bytes) -> Object:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {"message": str(body, "utf-8", "replace")}
