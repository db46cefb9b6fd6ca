"""The tools that jobs find on their PATH: those of the sandbox itself, behind a folder of their own."""

import asyncio
import os
import shlex
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# Programs of the sandbox's environment that jobs may call by name, and the module that each of them runs.
_MODULES = {"pip": "pip", "pip3": "pip", "pytest": "pytest", "uvicorn": "uvicorn"}


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

    It is a virtual environment that sees the sandbox's packages: `pip install` of what is there already is satisfied
    at once, and whatever a job installs on top lands here and never among the sandbox's own packages.
    """
    return await asyncio.to_thread(_lay_out, state_dir)


def _lay_out(state_dir: Path) -> Toolchain:
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
    _write(packages / "sandbox.pth", _sandbox_packages())
    for name in ("python", "python3", version):
        _link(bin_dir / name, interpreter)
    for name, module in _MODULES.items():
        _script(bin_dir / name, f'exec "{bin_dir}/python" -P -m {module} "$@"')
    _script(bin_dir / "buildah", f'exec {_own_python()} -m bot.sandbox.runner.buildah "$@"')
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    if ruff.exists():
        _link(bin_dir / "ruff", ruff)
    return Toolchain(bin=bin_dir)


def _base_interpreter() -> Path:
    """The interpreter below the virtual environment that the sandbox runs in."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _sandbox_packages() -> str:
    folders = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return "".join(f"{folder}\n" for folder in folders)


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
