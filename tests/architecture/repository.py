"""The repository's own files, as git would hand them to somebody else."""

import ast
import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file that is or could be committed, by its path from the root; deleted ones are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in sorted(set(listed.stdout.split("\0"))) if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


@functools.cache
def text_of(path: Path) -> str:
    """The content of a text file; empty for pictures and other binaries."""
    content = (ROOT / path).read_bytes()
    return "" if b"\0" in content else content.decode()


@functools.cache
def bot_modules() -> tuple[Path, ...]:
    """The Python files of the package."""
    return tuple(path for path in files() if path.parts[0] == "bot" and path.suffix == ".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """A Python file, parsed."""
    return ast.parse(text_of(path))
