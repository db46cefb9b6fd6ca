"""Serve clone and push: `git http-backend` as a subprocess, streamed both ways."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import Send

_CHUNK: Final = 65536
_PRE_RECEIVE: Final = r"""#!/bin/sh
# Refuse what the server says the pusher may not do: lines of "glob<TAB>what it forbids" in GITLAB_RULES.
zeros=0000000000000000000000000000000000000000
tab=$(printf '\t')
refuse() { echo "GitLab: $1" >&2; exit 1; }
while read -r old new ref; do
  branch=${ref#refs/heads/}
  [ "$branch" = "$ref" ] && continue
  if [ "$new" = "$zeros" ] && [ "$branch" = "$GITLAB_DEFAULT_BRANCH" ]; then
    refuse "The default branch of a project cannot be deleted."
  fi
  while IFS="$tab" read -r glob forbids; do
    case $branch in
      $glob) ;;
      *) continue ;;
    esac
    if [ "$forbids" = push ]; then
      refuse "You are not allowed to push code to protected branches on this project."
    elif [ "$new" = "$zeros" ]; then
      refuse "You can only delete protected branches using the web interface."
    elif [ "$old" != "$zeros" ] && [ "$forbids" = force ] \
      && ! git merge-base --is-ancestor "$old" "$new"; then
      refuse "You are not allowed to force push code to a protected branch on this project."
    fi
  done <<RULES
$GITLAB_RULES
RULES
done
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the pusher may not do to the branches that a wildcard stands for: `push`, `force` or only delete."""

    glob: str
    forbids: str


@dataclass(frozen=True, slots=True)
class Backend:
    """git's own server side, with a hook that keeps protected branches."""

    hooks: Path

    @classmethod
    def installed(cls, folder: Path) -> "Backend":
        """Write the hook."""
        folder.mkdir(parents=True, exist_ok=True)
        hook = folder / "pre-receive"
        hook.write_text(_PRE_RECEIVE, encoding="utf-8")
        hook.chmod(0o755)
        return cls(folder)

    async def serve(
        self,
        request: Request,
        send: Send,
        *,
        repository: Path,
        service_path: str,
        user: str,
        extra: Mapping[str, str],
    ) -> None:
        """Answer one git request; the caller has checked that it is allowed."""
        env = _cgi(request, repository, service_path, user) | dict(extra)
        env |= _configuration(core_hooksPath=str(self.hooks), safe_directory="*")
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=env,
            limit=_CHUNK,
        )
        feeding = asyncio.create_task(_feed(process, request))
        try:
            await _relay(process, send)
            await process.wait()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            if process.returncode is None:
                process.kill()
                await process.wait()


def rules_for_hook(rules: Iterable[Rule], default_branch: str) -> dict[str, str]:
    """What the hook reads from its environment."""
    lines = "\n".join(f"{rule.glob}\t{rule.forbids}" for rule in rules)
    return {"GITLAB_RULES": lines, "GITLAB_DEFAULT_BRANCH": default_branch}


def _cgi(request: Request, repository: Path, service_path: str, user: str) -> dict[str, str]:
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_PROJECT_ROOT": str(repository),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": service_path,
        "QUERY_STRING": request.url.query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "REMOTE_USER": user,
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_COMMITTER_NAME": user,
        "GIT_COMMITTER_EMAIL": f"{user}@localhost",
    }
    passed_on = {
        "content-length": "CONTENT_LENGTH",
        "content-encoding": "HTTP_CONTENT_ENCODING",
        "git-protocol": "GIT_PROTOCOL",
    }
    for header, name in passed_on.items():
        if header in request.headers:
            env[name] = request.headers[header]
    return env


def _configuration(**settings: str) -> dict[str, str]:
    """Git settings for one process, whatever the machine's own say."""
    env = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (name, value) in enumerate(settings.items()):
        env[f"GIT_CONFIG_KEY_{number}"] = name.replace("_", ".")
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env


async def _feed(process: asyncio.subprocess.Process, request: Request) -> None:
    pipe = process.stdin
    if pipe is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError, ClientDisconnect):
        async for chunk in request.stream():
            pipe.write(chunk)
            await pipe.drain()
    pipe.close()


async def _relay(process: asyncio.subprocess.Process, send: Send) -> None:
    if process.stdout is None:
        return
    status, headers = await _head(process.stdout)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    async for chunk in _chunks(process.stdout):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _head(output: asyncio.StreamReader) -> tuple[int, list[tuple[bytes, bytes]]]:
    """The CGI headers, of which `Status` is the answer's code."""
    status, headers = 200, list[tuple[bytes, bytes]]()
    while (line := (await output.readline()).rstrip(b"\r\n")) != b"":
        name, _, value = line.partition(b": ")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value))
    return (status, headers) if headers else (500, headers)


async def _chunks(output: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await output.read(_CHUNK):
        yield chunk
