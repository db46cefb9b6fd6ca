"""The tools that jobs and applications find on their PATH, behind a folder of their own."""

import asyncio
import importlib.metadata
import os
import shlex
import sys
import sysconfig
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from bot.sandbox.runner import pip

_ROOTS: Final = (
    *("fastapi", "httpx", "pip", "prometheus-client", "pydantic-settings", "pytest", "ruff"),
    "uvicorn",
)
_MODULES: Final = ("pytest", "uvicorn")
_ONE_AT_A_TIME: Final = threading.Lock()  # several parts of one box may share a state folder


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A folder that goes first on a job's or an application's PATH."""

    bin: Path

    @property
    def path(self) -> str:
        """The whole PATH: git, bash and whatever else jobs use come from the machine."""
        return f"{self.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


async def prepare(state_dir: Path) -> Toolchain:
    """Lay out the tools below the state folder; finding them there is no work.

    It is a virtual environment that sees what the golden paths are pinned to, and nothing else of the sandbox's own:
    `pip install` of that is satisfied at once, a package that an application forgot to ask for is missing here as it
    would be in its image, and whatever a job installs on top lands here.
    """
    return await asyncio.to_thread(_lay_out, state_dir)


def _lay_out(state_dir: Path) -> Toolchain:
    with _ONE_AT_A_TIME:
        return _laid_out(state_dir)


def _laid_out(state_dir: Path) -> Toolchain:
    home = state_dir / "toolchain"
    bin_dir = home / "bin"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = home / "lib" / version / "site-packages"
    for folder in (bin_dir, packages):
        folder.mkdir(parents=True, exist_ok=True)
    interpreter = _base_interpreter()
    _write(
        home / "pyvenv.cfg",
        f"home = {interpreter.parent}\ninclude-system-site-packages = false\n",
    )
    _link_packages(home / "given")
    _write(packages / "given.pth", f"{home / 'given'}\n")
    for name in ("python", "python3", version):
        _link(bin_dir / name, interpreter)
    for name in _MODULES:
        _script(bin_dir / name, f'exec "{bin_dir}/python" -P -m {name} "$@"')
    for name in ("pip", "pip3"):
        _script(bin_dir / name, f'exec "{bin_dir}/python" -P "{Path(pip.__file__)}" "$@"')
    _script(bin_dir / "buildah", f'exec {_own_python()} -m bot.sandbox.runner.buildah "$@"')
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    if ruff.exists():
        _link(bin_dir / "ruff", ruff)
    return Toolchain(bin=bin_dir)


def _link_packages(folder: Path) -> None:
    """Show the packages in a folder; links that are no longer wanted go."""
    folder.mkdir(exist_ok=True)
    wanted = {
        place.name: place
        for distribution in _closure()
        for place in _top_level(distribution)
        if place.exists()
    }
    for link in folder.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, place in wanted.items():
        _link(folder / name, place)


def _closure() -> Iterator[importlib.metadata.Distribution]:
    """The roots and everything that they require on this machine."""
    waiting, seen = list(_ROOTS), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        yield found
        wanted = (Requirement(text) for text in found.requires or ())
        waiting += [one.name for one in wanted if not one.marker or one.marker.evaluate()]


def _top_level(distribution: importlib.metadata.Distribution) -> set[Path]:
    """The folders and files that a distribution brings, without its scripts."""
    names = {file.parts[0] for file in distribution.files or ()}
    return {Path(str(distribution.locate_file(name))) for name in names - {"..", "__pycache__"}}


def _base_interpreter() -> Path:
    """The interpreter below the virtual environment that the sandbox runs in."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _own_python() -> str:
    """The sandbox's own interpreter, told where the sandbox's code lies: a job may hold a package named `bot`."""
    source = Path(__file__).resolve().parents[3]
    return f"env PYTHONPATH={shlex.quote(str(source))} {shlex.quote(sys.executable)} -P"


def _script(target: Path, line: str) -> None:
    _write(target, f"#!/bin/sh\n{line}\n")
    target.chmod(0o755)


def _link(target: Path, source: Path) -> None:
    if target.is_symlink() and target.readlink() == source:
        return
    target.unlink(missing_ok=True)
    target.symlink_to(source)


def _write(target: Path, text: str) -> None:
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")
