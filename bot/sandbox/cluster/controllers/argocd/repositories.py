"""Git repositories as Argo CD's repository server sees them: what a branch points at, and a checkout of it."""

import asyncio
import base64
import contextlib
import hashlib
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.sandbox.cluster.controllers.argocd import commands
from bot.sandbox.cluster.controllers.objects import Object, labels

SECRET_TYPE = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label
SHA = re.compile(r"^[0-9a-f]{40}$")


class RepositoryError(Exception):
    """Git could not read the repository; the words are Git's own."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working tree, and the commit that it shows."""

    folder: Path
    revision: str


class Repositories:
    """Keeps one clone per repository; only one reader at a time uses its working tree."""

    def __init__(self, state_dir: Path, secrets: Callable[[], Iterable[Object]]) -> None:
        self._state_dir = state_dir
        self._secrets = secrets
        self._locks: dict[str, asyncio.Lock] = {}
        self._resolved: dict[tuple[str, str], tuple[str, float]] = {}
        self._expired: Counter[str] = Counter()

    async def resolve(self, url: str, revision: str, *, max_age: float) -> str:
        """Find the commit that a branch, a tag or HEAD points at.

        Raises:
            RepositoryError: unreachable, refused, or no such revision.
        """
        if SHA.match(revision):
            return revision
        now = asyncio.get_running_loop().time()
        found, at = self._resolved.get((url, revision), ("", 0.0))
        if found and now - at < max_age:
            return found
        times_expired = self._expired[normalised(url)]
        listing = await self._git(url, "ls-remote", url, *_references(revision))
        sha = _pointed_at(listing, revision)
        if not sha:
            raise RepositoryError(f"unable to resolve '{revision}' to a commit SHA")
        if times_expired == self._expired[normalised(url)]:  # else it is older than the last push
            self._resolved[url, revision] = (sha, now)
        return sha

    def expire(self, url: str) -> None:
        """Forget what the repository's branches pointed at."""
        wanted = normalised(url)
        self._expired[wanted] += 1
        for known in [known for known in self._resolved if normalised(known[0]) == wanted]:
            del self._resolved[known]

    @contextlib.asynccontextmanager
    async def checkout(self, url: str, revision: str, sha: str) -> AsyncIterator[Checkout]:
        """Show the commit as files, for as long as the context lasts.

        Raises:
            RepositoryError: the commit cannot be fetched.
        """
        folder = self._state_dir / hashlib.sha256(normalised(url).encode()).hexdigest()[:16]
        async with self._locks.setdefault(normalised(url), asyncio.Lock()):
            try:
                await self._show(url, folder, revision, sha)
            except BaseException:
                # Whatever Git was interrupted in, a new clone has no trace of it.
                shutil.rmtree(folder, ignore_errors=True)
                raise
            yield Checkout(folder, sha)

    async def _show(self, url: str, folder: Path, revision: str, sha: str) -> None:
        if not (folder / ".git" / "HEAD").exists():
            await self._git(url, "init", "--quiet", str(folder))
        await self._fetch(url, folder, revision, sha)
        await self._git(url, "-C", str(folder), "checkout", "--quiet", "--force", sha)
        await self._git(url, "-C", str(folder), "clean", "--quiet", "-ffdx")

    async def _fetch(self, url: str, folder: Path, revision: str, sha: str) -> None:
        fetch = ("-C", str(folder), "fetch", "--quiet", "--no-tags", "--depth", "1", url)
        try:
            await self._git(url, *fetch, sha)
        except RepositoryError:
            # A server need not give out commits by their name; then the branch must still be there.
            await self._git(url, *fetch, revision)

    async def _git(self, url: str, *arguments: str) -> str:
        try:
            done = await commands.run("git", *arguments, environment=self._environment(url))
        except TimeoutError as error:
            raise RepositoryError("git took too long to answer") from error
        if done.code:
            raise RepositoryError(done.err.strip())
        return done.out

    def _environment(self, url: str) -> dict[str, str]:
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
            "HOME": str(self._state_dir),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
        }
        credentials = _credentials(url, self._secrets())
        if credentials:
            # In the environment rather than the arguments: those are readable by everybody.
            environment |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "http.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
            }
        return environment


def normalised(url: str) -> str:
    """Write the address so that two ways to name one repository are equal."""
    parts = urlsplit(url.strip())
    if not parts.scheme:
        return url.strip().removesuffix(".git").lower()
    host = (parts.netloc.rpartition("@")[2]).lower()
    return f"{parts.scheme}://{host}{parts.path.rstrip('/').removesuffix('.git')}".lower()


def _references(revision: str) -> list[str]:
    if revision in {"", "HEAD"}:
        return ["HEAD"]
    return [f"refs/heads/{revision}", f"refs/tags/{revision}", f"refs/tags/{revision}^{{}}"]


def _pointed_at(listing: str, revision: str) -> str:
    lines = [line.partition("\t") for line in listing.splitlines()]
    found = {name: sha for sha, _, name in lines}
    order = (
        f"refs/heads/{revision}",
        f"refs/tags/{revision}^{{}}",
        f"refs/tags/{revision}",
        "HEAD",
    )
    return next((found[name] for name in order if name in found), "")


def _credentials(url: str, secrets: Iterable[Object]) -> str:
    best: tuple[int, Object] | None = None
    for secret in secrets:
        kind, base = labels(secret).get(SECRET_TYPE), normalised(_field(secret, "url"))
        fits = normalised(url) == base if kind == "repository" else normalised(url).startswith(base)
        if kind in {"repository", "repo-creds"} and base and fits:
            best = max(best or (0, secret), (len(base), secret), key=lambda found: found[0])
    if not best:
        return ""
    pair = f"{_field(best[1], 'username') or 'git'}:{_field(best[1], 'password')}"
    return base64.b64encode(pair.encode()).decode()


def _field(secret: Object, name: str) -> str:
    return base64.b64decode((secret.get("data") or {}).get(name, "")).decode()
