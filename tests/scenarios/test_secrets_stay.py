"""One application that succeeds and one that has a bad day; then everything that anybody can read is searched."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from bot.adapters.loopback import free_port
from bot.slack import ids
from tests.boxed import ROOT, Json, variables
from tests.colleague import Colleague, eventually
from tests.locked_redis import IN_AN_ADDRESS, PASSWORD, everything_in, locked_redis
from tests.plain_http import NO_CERTIFICATES
from tests.scenarios.conftest import _is_ready

pytestmark = [pytest.mark.timeout(240)]

WEBHOOK_SECRET = "canary-of-gitlabs-webhooks"
PEOPLE = ("U0ADA", "U0BRUNO", "U0CHIARA", "U0DENIZ")


def filled(name: str) -> dict[str, str]:
    return {
        "name": name,
        "system": "system:default/checkout",
        "description": "Keeps what it is told.",
        "hostname": name.lower().replace(" ", "-"),
        "owner": "group:default/payments",
        "visibility": "internal",
    }


@pytest.fixture(name="env")
def _env(box: Json, tmp_path: Path) -> Iterator[dict[str, str]]:
    with locked_redis(tmp_path / "valkey") as url:
        yield _with_secrets(box, url, tmp_path)


def _with_secrets(box: Json, url: str, tmp_path: Path) -> dict[str, str]:
    env = variables(box, redis_url=url, state=tmp_path, http_port=free_port())
    return {
        **env,
        "SLACK_SIGNING_SECRET": box["slack"]["signing_secret"],
        "IDP_PUBLIC_URL": f"http://127.0.0.1:{env['IDP_HTTP_PORT']}",
        "GITLAB_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "IDP_LOG_FORMAT": "json",
        "IDP_ENV_FILE": "",
    }


@contextlib.asynccontextmanager
async def at_work(env: dict[str, str], log: Path, http: httpx.AsyncClient) -> AsyncIterator[None]:
    """The bot as a process of its own, with all that it says in a file."""
    with log.open("wb") as out:
        command = [sys.executable, "-m", "bot", "run"]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, **env}, stdout=out, stderr=out
        )
        try:
            await eventually(lambda: _is_ready(env["IDP_HTTP_PORT"], http), 30)
            yield
        finally:
            process.terminate()
            await process.wait()


async def test_no_secret_is_found_anywhere_after_a_good_and_a_bad_day(
    box: Json, env: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    async with httpx.AsyncClient(base_url=box["page"], timeout=20, verify=NO_CERTIFICATES) as http:
        async with at_work(env, log, http):
            ada = Colleague(http, "U0ADA")
            await ada.submit(await ada.open_form("/idp new-app"), filled("Tight Lip"))
            await eventually(lambda: _said(http, "“Tight Lip”", "done."), 120)
            bad = await _a_bad_day(http, ada)
        said = await _everything_in_slack(http)
        token = await _token_that_the_bot_made(box)
    found = {
        "slack": said,
        "log": log.read_text(),
        "redis": everything_in(env["REDIS_URL"]),
        "git": _everything_in_git(box),
        "audit": _command(env, "audit", "export"),
        "doctor": _command(env, "doctor"),
        "jobs": _command(env, "jobs"),
        "job": _command(env, "jobs", bad),
    }

    assert "slack.request_taken_in" in found["log"]
    assert "Tight Lip" in found["redis"]
    assert "Tight Lip" in found["slack"]
    assert "Keeps what it is told." in found["git"]
    assert '"what":"asked"' in found["audit"]
    assert "GitLab" in found["doctor"]
    assert "Tight Lip" in found["jobs"]
    assert bad in found["jobs"]
    assert "Bad Lip" in found["job"]
    assert "GitLab failed (502)" in found["job"]
    secrets = {**_secrets(box), "the pipelines' token": token}
    told = [
        (name, place) for place, text in found.items() for name, s in secrets.items() if s in text
    ]
    assert told == []


def _secrets(box: Json) -> dict[str, str]:
    kubeconfig = json.loads(Path(box["cluster"]["kubeconfig"]).read_text())
    return {
        "SLACK_BOT_TOKEN": box["slack"]["bot_token"],
        "SLACK_APP_TOKEN": box["slack"]["app_token"],
        "SLACK_SIGNING_SECRET": box["slack"]["signing_secret"],
        "GITLAB_TOKEN": box["gitlab"]["token"],
        "GITLAB_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "BACKSTAGE_TOKEN": box["catalog"]["token"],
        **{f"the cluster's, of {u['name']}": u["user"]["token"] for u in kubeconfig["users"]},
        "Redis' password": PASSWORD,
        "Redis' password in an address": IN_AN_ADDRESS,
    }


async def _a_bad_day(http: httpx.AsyncClient, ada: Colleague) -> str:
    """GitLab fails until the request is given up; the job's id."""
    fault = {
        "part": "gitlab",
        "kind": "server-error",
        "method": "POST",
        "path": "^/api/v4/projects$",
    }
    (await http.post("/sandbox/faults", json=fault)).raise_for_status()
    await ada.submit(await ada.open_form("/idp new-app"), filled("Bad Lip"))
    card = await eventually(lambda: _said(http, "“Bad Lip”", "did not succeed"), 60)
    await ada.press(card, ids.CANCEL)
    await eventually(lambda: _said(http, "“Bad Lip”", "has ended"), 60)
    await http.delete("/sandbox/faults")
    return str(card["metadata"]["event_payload"]["job"])


async def _said(http: httpx.AsyncClient, *words: str) -> Json | None:
    messages: list[Json] = (await http.get("/sandbox/slack/messages")).json()
    return next(
        (m for m in messages if all(w in json.dumps(m, ensure_ascii=False) for w in words)), None
    )


async def _everything_in_slack(http: httpx.AsyncClient) -> str:
    pages = ["messages", *(f"{what}/{who}" for who in PEOPLE for what in ("views", "ephemeral"))]
    answers = await asyncio.gather(*(http.get(f"/sandbox/slack/{page}") for page in pages))
    return json.dumps([answer.json() for answer in answers], ensure_ascii=False)


async def _token_that_the_bot_made(box: Json) -> str:
    headers = {"PRIVATE-TOKEN": box["gitlab"]["token"]}
    url = f"{box['gitlab']['url']}/api/v4/projects/idp%2Fpayments%2Fcheckout-tight-lip/variables"
    async with httpx.AsyncClient(headers=headers, verify=NO_CERTIFICATES) as gitlab:
        answer = await gitlab.get(f"{url}/DEPLOYMENT_TOKEN")
    return str(answer.raise_for_status().json()["value"])


def _everything_in_git(box: Json) -> str:
    """Every object of every repository: files, folders, commits and tags, reachable or not."""
    state = Path(box["cluster"]["kubeconfig"]).parents[2]
    repositories = [head.parent for head in (state / "gitlab").rglob("HEAD") if head.is_file()]
    assert repositories
    return "\n".join(
        _run("git", "-C", str(place), "cat-file", "--batch", "--batch-all-objects")
        for place in repositories
    )


def _command(env: dict[str, str], *words: str) -> str:
    """What a command says, in lines so long that no secret would be broken in two."""
    wide = {**os.environ, **env, "COLUMNS": "1000"}
    return _run(sys.executable, "-m", "bot", *words, env=wide)


def _run(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said
    return said
