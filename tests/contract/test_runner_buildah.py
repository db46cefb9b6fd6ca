"""The stand-in buildah: what it makes of Dockerfiles, and how it pushes."""

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.fake_registry import PASSWORD, USER, FakeRegistry, fake_registry


@pytest.fixture(name="registry")
async def _registry() -> AsyncIterator[FakeRegistry]:
    async with fake_registry() as registry:
        yield registry


class Shell:
    """Runs buildah as a job does: in a folder, with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.context = folder / "context"
        self.context.mkdir()
        self._home = folder / "home"
        self._home.mkdir()

    def write(self, **files: str) -> None:
        for name, content in files.items():
            path = self.context / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    async def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bot.sandbox.runner.buildah", *arguments),
            cwd=self.context,
            env={**os.environ, "HOME": str(self._home), "PYTHONPATH": str(Path.cwd())},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return process.returncode, output.decode()

    async def login(self, registry: FakeRegistry) -> None:
        code, output = await self(
            "login", "--username", USER, "--password-stdin", registry.host, stdin=PASSWORD
        )
        assert (code, output) == (0, "Login Succeeded!\n")

    async def build_and_push(self, registry: FakeRegistry, *options: str) -> str:
        await self.login(registry)
        image = f"{registry.host}/group/app:1"
        code, output = await self("build", "--tag", image, *options, ".")
        assert code == 0, output
        code, pushed = await self("push", "--digestfile", "digest", image)
        assert code == 0, pushed
        return output


@pytest.fixture(name="shell")
def _shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


async def test_files_and_settings_arrive_in_the_registry(
    shell: Shell, registry: FakeRegistry, tmp_path: Path
) -> None:
    shell.write(
        Dockerfile="""
# a comment
ARG BASE=python:3
FROM $BASE
ARG VERSION=dev
ENV VERSION=${VERSION} GREETING="hello world" \\
    # a comment between
    PATH=/opt/bin:$PATH
LABEL team=payments
WORKDIR /srv
COPY a.txt sub ./
COPY sub ./kept
EXPOSE 8080
RUN make everything
USER 10001:10001
ENTRYPOINT ["python", "-m"]
CMD ["app"]
""",
        **{"a.txt": "a", "sub__b.txt": "b"},
    )
    options = ("--build-arg", "VERSION=1.2", "--label", "commit=abc")
    output = await shell.build_and_push(registry, *options)

    assert "recorded, not run" in output
    image = registry.image("group/app", "1")
    assert image["config"] == {
        "Env": [
            "PATH=/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "VERSION=1.2",
            "GREETING=hello world",
        ],
        "Labels": {"team": "payments", "commit": "abc"},
        "WorkingDir": "/srv",
        "ExposedPorts": {"8080/tcp": {}},
        "User": "10001:10001",
        "Entrypoint": ["python", "-m"],
        "Cmd": ["app"],
    }
    assert any("make everything" in step["created_by"] for step in image["history"])
    root = registry.unpack("group/app", "1", tmp_path / "root")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files == {"srv/a.txt", "srv/b.txt", "srv/kept/b.txt"}


async def test_the_digest_file_names_what_the_registry_keeps(
    shell: Shell, registry: FakeRegistry
) -> None:
    shell.write(Dockerfile="FROM scratch\nCOPY x /x\n", x="x")
    await shell.build_and_push(registry)
    digest = (shell.context / "digest").read_text()
    assert registry.manifests["group/app", digest] == registry.manifests["group/app", "1"]


async def test_the_same_files_make_the_same_layer(shell: Shell, registry: FakeRegistry) -> None:
    shell.write(Dockerfile="FROM scratch\nCOPY . /\n", x="x")
    layers = set()
    for _ in range(2):
        await shell.build_and_push(registry)
        (shell.context / "digest").unlink()
        manifest = json.loads(registry.manifests["group/app", "1"])
        layers.add(manifest["layers"][0]["digest"])
    assert len(layers) == 1


async def test_only_the_last_stage_is_kept_and_may_copy_from_others(
    shell: Shell, registry: FakeRegistry, tmp_path: Path
) -> None:
    shell.write(
        Dockerfile="""
FROM a AS build
WORKDIR /build
COPY x made
ENV SECRET=1
FROM b
COPY --from=build /build/made /x
COPY --from=build /opt/venv /opt/venv
COPY --from=0 /build /all/
""",
        x="content",
    )
    output = await shell.build_and_push(registry)
    assert "/opt/venv is not there: it would have been made by a RUN" in output
    assert "SECRET" not in json.dumps(registry.image("group/app", "1")["config"])
    root = registry.unpack("group/app", "1", tmp_path / "root")
    assert (root / "x").read_text() == "content"
    assert (root / "all" / "made").is_file()


async def test_ignored_files_stay_out(shell: Shell, registry: FakeRegistry, tmp_path: Path) -> None:
    shell.write(
        Dockerfile="FROM scratch\nCOPY . /app/\n",
        **{
            ".dockerignore": "*\n!src\n**/*.pyc\n",
            "src__a.py": "",
            "src__a.pyc": "",
            ".env": "PASSWORD=1",
        },
    )
    await shell.build_and_push(registry)
    root = registry.unpack("group/app", "1", tmp_path / "root")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert files == {"app/src/a.py"}


@pytest.mark.parametrize(
    ("dockerfile", "error"),
    [
        ("FROM scratch\nCOPY missing /\n", 'line 2: no items matching glob "missing"'),
        ("FROM scratch\nFETCH x\n", "line 2: unknown instruction: FETCH"),
        ("COPY x /\n", "line 1: no build stage in current context"),
        ("FROM scratch\nADD https://example.com/x /\n", "downloading"),
        ("FROM scratch\nRUN <<EOF\nEOF\n", "here-documents are not supported"),
    ],
)
async def test_what_cannot_be_built_is_said(shell: Shell, dockerfile: str, error: str) -> None:
    shell.write(Dockerfile=dockerfile)
    code, output = await shell("build", "-t", "x.example/a", ".")
    assert code == 125
    assert error in output


async def test_wrong_passwords_are_refused_and_not_kept(
    shell: Shell, registry: FakeRegistry, tmp_path: Path
) -> None:
    code, output = await shell("login", "-u", USER, "-p", "wrong", registry.host)
    assert code == 125
    assert "unauthorized: authentication required" in output
    auth = tmp_path / "home" / ".config" / "containers" / "auth.json"
    assert registry.host not in auth.read_text()


async def test_pushing_needs_a_login_and_an_image(shell: Shell, registry: FakeRegistry) -> None:
    image = f"{registry.host}/group/app:1"
    assert "image not known" in (await shell("push", image))[1]
    shell.write(Dockerfile="FROM scratch\n")
    await shell("build", "-t", image)
    assert "unauthorized" in (await shell("push", image))[1]
    await shell.login(registry)
    assert (await shell("push", image))[0] == 0
    assert (await shell("logout", registry.host))[0] == 0
    assert "unauthorized" in (await shell("push", image))[1]


async def test_credentials_are_for_their_owner_alone(
    shell: Shell, registry: FakeRegistry, tmp_path: Path
) -> None:
    await shell.login(registry)
    auth = tmp_path / "home" / ".config" / "containers" / "auth.json"
    assert stat.S_IMODE(auth.stat().st_mode) == 0o600
