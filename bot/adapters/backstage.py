"""Backstage's catalog, over its REST API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import SecretStr

from bot.adapters import backstage_errors
from bot.adapters.backstage_locations import candidates, may_go, source_of
from bot.adapters.catalog_documents import (
    SLACK_ID,
    Document,
    by_ref,
    by_title,
    contains,
    entity,
    ref_of,
)
from bot.adapters.outside_calls import outside_call
from bot.adapters.trust import trusted
from bot.domain.entities import EntityRef
from bot.domain.errors import PermanentError
from bot.ports.clock import Clock
from bot.ports.service_catalog import Entity, is_within

T = TypeVar("T")
_BY_REFS = "/entities/by-refs"
_TRIAL = "/locations?dryRun=true"
_CLOSED = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
_KEPT_FOR = 3.0
"""Seconds; less than the five after which Node closes a connection that nobody uses."""
_PAGE = 500
_READ_FIELDS = ("kind", "metadata", "spec.profile", "relations", "status")
_SEARCHED_FIELDS = "metadata.name,metadata.title,spec.profile.displayName"
_ORIGIN_FIELDS = ("kind", "metadata.name", "metadata.namespace", "metadata.annotations")
_BROUGHT_BY = "metadata.annotations.backstage.io/managed-by-origin-location"
_MUST_EXIST = frozenset({"ownedBy", "partOf", "memberOf", "childOf"})
"""Relations whose other end was there before; an API may come in with the very file that is being read."""


class Backstage:
    """A client with a static token. Nothing is repeated here: that is the step's to decide.

    Args:
        url: the address of Backstage, without a path.
        token: a token of `backend.auth.externalAccess`.
        clock: to read `Retry-After`.
        ca_file: certificates to trust besides the usual ones.
        timeout: for each answer.
    """

    def __init__(
        self,
        url: str,
        *,
        token: SecretStr,
        clock: Clock,
        ca_file: Path | None = None,
        timeout: timedelta = timedelta(seconds=15),
    ) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._client = httpx.AsyncClient(
            base_url=f"{self._url}/api/catalog",
            headers={
                "Authorization": f"Bearer {token.get_secret_value()}",
                "User-Agent": "idp-bot",
            },
            timeout=timeout.total_seconds(),
            verify=trusted(ca_file),
            limits=httpx.Limits(keepalive_expiry=_KEPT_FOR),
            trust_env=not _is_loopback(self._url),  # no proxy leads to this very machine
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def find(self, ref: EntityRef) -> Entity | None:
        document = next(iter(await self._by_refs([ref], _READ_FIELDS)), None)
        if document is None:
            return None
        problem = _complaint(document) or await self._dangling(document)
        return self._entity(document, problem=problem)

    async def search(self, kind: str, text: str = "", *, limit: int = 100) -> tuple[Entity, ...]:
        asked = {"filter": f"kind={kind}", "orderField": "metadata.name,asc"}
        if text.strip():
            asked |= {"fullTextFilterTerm": text.strip(), "fullTextFilterFields": _SEARCHED_FIELDS}
        # The server's LIKE takes `%` and `_` for wildcards, and orders by what not every entity has.
        found = [each async for each in self._query(asked) if contains(each, text)]
        return tuple(sorted(found, key=by_title)[:limit])

    async def find_users(self, *, slack_id: str, email: str) -> tuple[Entity, ...]:
        for key, value in (
            (f"metadata.annotations.{SLACK_ID}", slack_id),
            ("spec.profile.email", email),
        ):
            if value and "," not in value:
                asked = {"filter": f"kind=user,{key}={value}"}
                if found := [each async for each in self._query(asked)]:
                    return tuple(sorted(found, key=by_ref))
        return ()

    async def members(self, group: EntityRef) -> tuple[Entity, ...]:
        asked = {"filter": f"kind=user,relations.memberOf={group}"}
        return tuple(sorted([each async for each in self._query(asked)], key=by_title))

    async def register(self, location: str, *, expects: EntityRef) -> None:
        await self._check(location, expects)
        target = {"type": "url", "target": location}
        params = {"onConflict": "refresh"}
        doing = "register the file"
        answer = await self._send("POST", "/locations", doing, json=target, params=params)
        if answer.status_code == httpx.codes.CONFLICT:  # a Backstage that knows no onConflict
            await self._refresh(expects)
        elif answer.is_error:
            raise backstage_errors.translated(answer, doing, now=self._clock())

    async def unregister(self, ref: EntityRef, *, within: str = "") -> None:
        location = await self._location_of(ref, within)
        if location is None:
            return
        doing = "forget a location"
        answer = await self._send("DELETE", f"/locations/{location['id']}", doing)
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._ok(answer, doing)

    async def _location_of(self, ref: EntityRef, within: str) -> Document | None:
        """The location that may be deleted."""
        doing = "show where an entity came from"
        path = f"/locations/by-entity/{ref.kind}/{ref.namespace}/{ref.name}"
        answer = await self._send("GET", path, doing)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return await self._unread_location_of(ref, within)
        location = _json(self._ok(answer, doing), doing)
        target = location["target"]
        if not is_within(target, within):
            return await self._unread_location_of(ref, within)
        asked = {"filter": f"{_BROUGHT_BY}=url:{target}"}  # a comma in it would end the condition
        brought = [] if "," in target else [d async for d in self._listed(asked, _ORIGIN_FIELDS)]
        return location if may_go(target, brought, ref, within=within) else None

    async def _unread_location_of(self, ref: EntityRef, within: str) -> Document | None:
        """A location that was accepted and would bring the entity later; only reading its file tells."""
        doing = "list locations"
        answer = self._ok(await self._send("GET", "/locations", doing), doing)
        for location in candidates(_body(answer, doing, list), ref, within=within):
            asked = {"type": location["type"], "target": location["target"]}
            doing = "read the file"
            read = await self._send("POST", _TRIAL, doing, json=asked)
            if read.status_code == httpx.codes.BAD_REQUEST:  # the file is gone or was never right
                continue
            brought = _json(self._ok(read, doing), doing).get("entities", [])
            if may_go(location["target"], brought, ref, within=within):
                return location
        return None

    def page(self, ref: EntityRef) -> str:
        return f"{self._url}/catalog/{ref.namespace}/{ref.kind}/{ref.name}"

    async def _check(self, location: str, expects: EntityRef) -> None:
        """Have the file read for a trial: registering accepts any file and then keeps silent about it."""
        target = {"type": "url", "target": location}
        answer = await self._send("POST", _TRIAL, "read the file", json=target)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise backstage_errors.refused_file(location, backstage_errors.words(answer))
        found = _json(self._ok(answer, "read the file"), "read the file").get("entities", [])
        if expects not in {ref_of(document) for document in found}:
            raise PermanentError(
                f"{location} does not define {expects}.",
                "Mend the file, commit it, then press Retry.",
            )
        await self._refuse_second_definition(location, expects)

    async def _refuse_second_definition(self, location: str, expects: EntityRef) -> None:
        """The first definition of an entity wins without a word, so say it before it happens."""
        for document in await self._by_refs([expects], ("metadata.annotations",)):
            known = source_of(document)
            if unquote(known) != unquote(location):
                raise PermanentError(
                    f"The catalog has {expects} already, from {known}.",
                    "Choose another name, or remove the other definition, then retry.",
                )

    async def _refresh(self, ref: EntityRef) -> None:
        """Ask for another look; an entity that is not there yet is looked at anyway."""
        doing = "read the file again"
        answer = await self._send("POST", "/refresh", doing, json={"entityRef": str(ref)})
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._ok(answer, doing)

    async def _dangling(self, document: Document) -> str:
        """The relation that points nowhere; Backstage accepts one without a word."""
        wanted = [
            (each["type"], each["targetRef"])
            for each in document.get("relations", ())
            if each["type"] in _MUST_EXIST
        ]
        found = await self._by_refs([ref for _, ref in wanted], ("kind",), keep_gaps=True)
        for (kind, ref), target in zip(wanted, found, strict=True):
            if target is None:
                return f"it says {kind} {ref}, and the catalog has no such entity"
        return ""

    async def _by_refs(
        self, refs: Sequence[EntityRef | str], fields: Sequence[str], *, keep_gaps: bool = False
    ) -> list[Any]:
        if not refs:
            return []
        doing = "show an entity"
        asked = {"entityRefs": [str(ref) for ref in refs], "fields": list(fields)}
        answer = self._ok(await self._send("POST", _BY_REFS, doing, json=asked), doing)
        items = _json(answer, doing).get("items", [])
        return [item for item in items if keep_gaps or item is not None]

    async def _query(self, asked: Mapping[str, str]) -> AsyncIterator[Entity]:
        async for document in self._listed(asked, _READ_FIELDS):
            found = self._entity(document, problem=_complaint(document))
            if found:
                yield found

    async def _listed(
        self, asked: Mapping[str, str], fields: Sequence[str]
    ) -> AsyncIterator[Document]:
        doing = "list entities"
        params = {**asked, "limit": _PAGE, "fields": ",".join(fields)}
        while params:
            answer = await self._send("GET", "/entities/by-query", doing, params=params)
            page = _json(self._ok(answer, doing), doing)
            for document in page.get("items", ()):
                yield document
            cursor = page.get("pageInfo", {}).get("nextCursor")
            rest = {"cursor": cursor, "limit": _PAGE, "fields": params["fields"]}
            params = rest if cursor else {}

    def _entity(self, document: Document, *, problem: str) -> Entity | None:
        ref = ref_of(document)
        relations = document.get("relations", ())
        if ref is None:
            return None
        return entity(
            document,
            web_url=self.page(ref),
            location=source_of(document),
            owners=[each["targetRef"] for each in relations if each["type"] == "ownedBy"],
            groups=[each["targetRef"] for each in relations if each["type"] == "memberOf"],
            problem=problem,
        )

    async def _send(self, method: str, path: str, doing: str, **content: Any) -> httpx.Response:
        """A question is asked once more where the server had just closed the connection that was kept."""
        try:
            try:
                return await self._request(method, path, **content)
            except _CLOSED:
                if method != "GET" and path != _BY_REFS:
                    raise
                return await self._request(method, path, **content)
        except httpx.HTTPError as error:
            raise backstage_errors.unreachable(error, doing) from error

    async def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        with outside_call("catalog", f"{method} {path}") as call:
            answer = await self._client.request(method, path, **content)
            call.answered(answer.status_code)
            return answer

    def _ok(self, answer: httpx.Response, doing: str) -> httpx.Response:
        if answer.is_success:
            return answer
        raise backstage_errors.translated(answer, doing, now=self._clock())


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def _json(answer: httpx.Response, doing: str) -> dict[str, Any]:
    return _body(answer, doing, dict)


def _body(answer: httpx.Response, doing: str, kind: type[T]) -> T:
    try:
        body = answer.json()
    except ValueError as error:
        raise backstage_errors.no_catalog(doing) from error
    if not isinstance(body, kind):
        raise backstage_errors.no_catalog(doing)
    return body


def _complaint(document: Document) -> str:
    """Backstage's own word about an entity whose source broke after it was once in order."""
    items = (document.get("status") or {}).get("items", ())
    return next((str(item["message"]) for item in items if item.get("level") == "error"), "")
