"""Read files from GitLab with the calls that Backstage makes, and with no others."""

import asyncio
import io
import tarfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from bot.sandbox.catalog import addresses
from bot.sandbox.catalog.errors import Problem

_OK = 200
_NOT_MODIFIED = 304
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read, with its page's address."""

    url: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """The files behind an address, and what to ask with next time."""

    files: tuple[File, ...]
    etag: str


class NotModifiedError(Exception):
    """The files are as they were when this etag was given."""


class ReadError(Exception):
    """The files cannot be read."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(name, message)


class Reader:
    """Reads from the one GitLab that it has an integration for."""

    def __init__(self, client: httpx.AsyncClient, *, gitlab_url: str, token: str) -> None:
        self._client = client
        self._base = gitlab_url.rstrip("/")
        self._token = token

    def has_integration(self, url: str) -> bool:
        """Whether the address is on the configured host; the port counts."""
        return urlsplit(url).netloc == urlsplit(self._base).netloc

    async def search(self, url: str, etag: str = "") -> Found:
        """The file at an address, or all that its pattern matches.

        Raises:
            NotModifiedError: nothing changed since that etag.
            ReadError: it cannot be read.
        """
        if not self.has_integration(url):
            raise ReadError(
                "NotAllowedError",
                f"Reading from '{url}' is not allowed. You may need to configure an integration for the target host,"
                " or add it to the configured list of allowed hosts at 'backend.reading.allow'",
            )
        try:
            blob = addresses.parse(url)
        except ValueError as error:
            raise ReadError("Error", str(error)) from error
        if addresses.is_pattern(url):
            return await self._search_archive(blob, url, etag)
        return await self._read_raw(blob, url, etag)

    async def _read_raw(self, blob: addresses.Blob, url: str, etag: str) -> Found:
        raw = blob.raw()
        headers = {"If-None-Match": etag} if etag else {}
        answer = await self._get(raw, f"Unable to read {url}", headers=headers)
        if answer.status_code == _NOT_MODIFIED:
            raise NotModifiedError
        _require_ok(answer, f"{url} could not be read as {raw}")
        return Found((File(url, answer.content),), answer.headers.get("etag", ""))

    async def _search_archive(self, blob: addresses.Blob, url: str, etag: str) -> Found:
        folder = addresses.fixed_folder(blob.path)
        project = f"{self._base}/api/v4/projects/{quote(blob.project, safe='')}"
        why = f"Failed to read tree from {url}"
        _require_ok(await self._get(project, why), why)
        asked = {"ref_name": blob.branch} | ({"path": folder} if folder else {})
        commits = await self._get(f"{project}/repository/commits", why, params=asked)
        _require_ok(commits, f"Failed to read tree (branch) from {url}")
        sha = next((str(commit["id"]) for commit in commits.json()), "")
        if etag and sha == etag:
            raise NotModifiedError
        asked = {"sha": blob.branch} | ({"path": folder} if folder else {})
        archive = await self._get(f"{project}/repository/archive", why, params=asked)
        _require_ok(archive, f"Failed to read tree (archive) from {url}")
        content = await asyncio.to_thread(_unpacked, archive.content)
        matcher = addresses.glob_regex(blob.path)
        files = tuple(
            File(blob.page(path), data)
            for path, data in sorted(content.items())
            if matcher.match(path)
        )
        return Found(files, sha)

    async def _get(self, url: str, why: str, **options: Any) -> httpx.Response:
        headers = options.pop("headers", {}) | {"Authorization": f"Bearer {self._token}"}
        try:
            return await self._client.get(url, headers=headers, **options)
        except httpx.HTTPError as error:
            raise ReadError(
                "Error", f"{why}, TypeError: fetch failed"
            ) from error  # as Node says it


def _require_ok(answer: httpx.Response, what: str) -> None:
    if answer.status_code == _OK:
        return
    name = "NotFoundError" if answer.status_code == _NOT_FOUND else "Error"
    raise ReadError(name, f"{what}, {answer.status_code} {answer.reason_phrase}")


def _unpacked(archive: bytes) -> dict[str, bytes]:
    """The archive's files by their paths, without the one folder on top."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                files[member.name.partition("/")[2]] = content.read()
    return files
