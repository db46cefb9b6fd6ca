"""The golden path's own pipeline, run for real: from the first commit to an answering process."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from bot.sandbox.runner import toolchain
from bot.sandbox.runner.host import Checkout, JobState
from tests.contract.fake_registry import PASSWORD, USER, FakeRegistry, fake_registry
from tests.contract.runner_host import Bench, Host, commit, git
from tests.golden_path import VALUES, render
from tests.plain_http import NO_CERTIFICATES

IMAGE_FILE = "environments/development/image.yaml"


class Platform:
    """An application's and a deployment repository, and a registry."""

    def __init__(self, folder: Path, registry: FakeRegistry) -> None:
        self.folder = folder
        self.registry = registry
        self.source = render("app", folder / "app")
        self.forge = folder / "forge"
        self.deployment = self.forge / f"{VALUES['deploymentRepository']}.git"
        commit(render("deployment", folder / "deployment"), self.deployment)

    def host(self) -> Host:
        """A host for a pipeline on what the source folder holds now."""
        bare = self.forge / f"{VALUES['appRepository']}.git"
        sha = commit(self.source, bare)
        given = {
            "CI_COMMIT_BRANCH": "main",
            "CI_DEFAULT_BRANCH": "main",
            "CI_PIPELINE_SOURCE": "push",
            "CI_PIPELINE_URL": "http://gitlab.example/pipelines/1",
            "CI_PROJECT_NAME": VALUES["componentId"],
            "CI_PROJECT_PATH": VALUES["appRepository"],
            "CI_PROJECT_URL": "http://gitlab.example/app",
            "CI_REGISTRY": self.registry.host,
            "CI_REGISTRY_IMAGE": f"{self.registry.host}/{VALUES['appRepository']}",
            "CI_REGISTRY_PASSWORD": PASSWORD,
            "CI_REGISTRY_USER": USER,
            "CI_SERVER_HOST": "gitlab.example",
            "CI_SERVER_URL": self.forge.as_uri(),
            "DEPLOYMENT_TOKEN": "deployment-token",
        }
        secrets = frozenset({PASSWORD, "deployment-token"})
        return Host(self.folder / "artifacts", Checkout(str(bare), sha, "main"), given, secrets)

    async def run(self, host: Host, **finished: JobState) -> None:
        """Run the pipeline that the application brings."""
        text = (self.source / ".gitlab-ci.yml").read_text(encoding="utf-8")
        await Bench(self.folder).run(text, host, skip=finished)

    def image(self) -> dict[str, Any]:
        """The image that the deployment repository names."""
        text = git(self.deployment, "show", f"main:{IMAGE_FILE}")
        image = YAML(typ="safe", pure=True).load(text)["image"]
        assert isinstance(image, dict)
        return image


@pytest.fixture(name="platform")
async def _platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with fake_registry() as registry:
        yield Platform(tmp_path, registry)


async def answer(url: str) -> httpx.Response:
    """The first answer of a process that is just starting."""
    async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client, asyncio.timeout(30):
        while True:
            try:
                return await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def test_the_first_pipeline_leads_to_an_image_that_answers(
    platform: Platform, unused_tcp_port: int
) -> None:
    host = platform.host()
    await platform.run(host)
    logs = "\n".join(host.log(name) for name in host.logs)
    assert host.states() == dict.fromkeys(("lint", "test", "build", "deploy"), "success"), logs
    assert "passed in" in host.log("test")
    assert (host.artifacts_dir / "test" / "reports" / "junit" / "junit.xml").exists()
    assert PASSWORD not in logs
    assert "deployment-token" not in logs

    image = platform.image()
    assert image["repository"] == host.given["CI_REGISTRY_IMAGE"]
    assert image["tag"] == host.source.sha[:8]
    found = await started_and_asked(platform, image["digest"], unused_tcp_port)
    assert found.status_code == 200
    assert (found.json()["name"], found.json()["version"]) == ("Hello World", image["tag"])


async def started_and_asked(platform: Platform, digest: str, port: int) -> httpx.Response:
    """Unpack the image and start its command, as a kubelet would without containers."""
    name = VALUES["appRepository"]
    settings = platform.registry.image(name, digest)["config"]
    root = platform.registry.unpack(name, digest, platform.folder / "root")
    tools = await toolchain.prepare(platform.folder / "state")
    env = dict(entry.split("=", 1) for entry in settings["Env"])
    process = await asyncio.create_subprocess_exec(
        *settings["Cmd"],
        cwd=root / settings["WorkingDir"].lstrip("/"),
        env={**env, "PATH": tools.path, "PORT": str(port)},
        start_new_session=True,
    )
    try:
        return await answer(f"http://127.0.0.1:{port}/")
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 15)


@pytest.mark.parametrize(
    ("file", "old", "new", "job"),
    [
        ("app/main.py", "from fastapi import FastAPI", "import os\nfrom fastapi import FastAPI", "lint"),
        ("app/greetings.py", "Hello, {name}!", "Bye, {name}!", "test"),
    ],
    ids=["an unused import", "wrong behaviour"],
)  # fmt: skip
async def test_broken_source_stops_the_pipeline(
    platform: Platform, file: str, old: str, new: str, job: str
) -> None:
    path = platform.source / file
    path.write_text(path.read_text().replace(old, new))
    host = platform.host()
    other = {"lint": "test", "test": "lint"}[job]
    await platform.run(host, **{other: JobState.SUCCESS})
    assert host.states()[job] == "failed", host.log(job)
    assert (host.states()["build"], host.states()["deploy"]) == ("skipped", "skipped")


def reports(platform: Platform, host: Host) -> dict[str, JobState]:
    """What a pipeline looks like when only its last job is left."""
    digest = "sha256:" + "a" * 64
    place = host.artifacts_dir / "build" / "reports" / "dotenv"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "image.env").write_text(f"IMAGE_DIGEST={digest}\n")
    return dict.fromkeys(("lint", "test", "build"), JobState.SUCCESS)


async def test_deploying_the_same_image_again_changes_nothing_and_succeeds(
    platform: Platform,
) -> None:
    host = platform.host()
    finished = reports(platform, host)
    await platform.run(host, **finished)
    before = git(platform.deployment, "rev-parse", "main")
    await platform.run(host, **finished)
    assert host.states()["deploy"] == "success", host.log("deploy")
    assert "already names this image" in host.log("deploy")
    assert git(platform.deployment, "rev-parse", "main") == before


async def test_a_deployment_that_meets_another_push_starts_over_and_loses_neither(
    platform: Platform,
) -> None:
    """The server's hook lets somebody else win the race once."""
    hook = platform.deployment / "hooks" / "pre-receive"
    rival = platform.folder / "deployment"
    (rival / "rival.txt").write_text("mine\n")
    git(rival, "add", "--all")
    git(rival, "commit", "--quiet", "--message", "rival")
    hook.write_text(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH $(git rev-parse --local-env-vars)\n"
        f'[ -e "{platform.folder}/raced" ] && exit 0\ntouch "{platform.folder}/raced"\n'
        f'cd "{rival}" && git push --quiet "{platform.deployment}" HEAD:main\n'
    )
    hook.chmod(0o755)
    host = platform.host()
    await platform.run(host, **reports(platform, host))
    assert host.states()["deploy"] == "success", host.log("deploy")
    assert "Somebody else pushed first" in host.log("deploy")
    assert git(platform.deployment, "show", "main:rival.txt") == "mine"
    assert platform.image()["tag"] == host.source.sha[:8]
