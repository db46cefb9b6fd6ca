"""Build an image from a Dockerfile: its stages one after another, the last one kept."""

import copy
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.sandbox.runner.images import dockerfile, stage
from bot.sandbox.runner.images.dockerfile import BuildFailed, Instruction, substituted
from bot.sandbox.runner.images.ignore import Ignored
from bot.sandbox.runner.images.layout import Layout, Recipe
from bot.sandbox.runner.images.stage import Context, Stage


@dataclass(frozen=True)
class Wish:
    """What the command line asked for."""

    context: Path
    file: Path
    build_args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None


def build(wish: Wish, layout: Layout, say: Callable[[str], None]) -> str:
    """Carry the Dockerfile out, keep the image and return its manifest's digest.

    Raises:
        BuildFailed: with what is wrong.
    """
    if not wish.file.is_file():
        raise BuildFailed(f"no such file: {wish.file.name}")
    instructions = dockerfile.parse(wish.file.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        last = _Build(wish, Path(scratch), say).run(instructions)
        last.config.setdefault("Labels", {}).update(wish.labels)
        last.config.setdefault("Env", [f"{name}={value}" for name, value in last.env.items()])
        return layout.keep(last.root, Recipe(last.config, tuple(last.history), last.base))


class _Build:
    def __init__(self, wish: Wish, scratch: Path, say: Callable[[str], None]) -> None:
        self._wish = wish
        self._scratch = scratch
        self._say = say
        self._globals: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._ignored = Ignored(wish.context)

    def run(self, instructions: list[Instruction]) -> Stage:
        current: Stage | None = None
        for number, instruction in enumerate(instructions, start=1):
            if instruction.word == "FROM" and self._is_target(current):
                break
            self._say(f"STEP {number}/{len(instructions)}: {instruction.text}")
            if instruction.word == "FROM":
                current = self._begin(instruction)
            elif current is not None:
                remark = stage.carry_out(instruction, current, self._context())
                if remark:
                    self._say(f"  {remark}")
            elif instruction.word == "ARG":
                self._declare(instruction)
            else:
                raise BuildFailed(f"line {instruction.line}: no build stage in current context")
        if current is None:
            raise BuildFailed("the Dockerfile has no FROM")
        return current

    def _context(self) -> Context:
        return Context(
            self._wish.context, self._ignored, self._stages, self._wish.build_args, self._globals
        )

    def _is_target(self, current: Stage | None) -> bool:
        target = self._wish.target
        return target is not None and current is not None and self._stages.get(target) is current

    def _declare(self, instruction: Instruction) -> None:
        name, _, default = instruction.rest.partition("=")
        self._globals[name] = self._wish.build_args.get(name, default.strip("\"'"))

    def _begin(self, instruction: Instruction) -> Stage:
        image, *naming = substituted(instruction.rest, self._globals).split()
        root = self._scratch / str(len(self._stages))
        earlier = self._stages.get(image)
        if earlier is not None:
            shutil.copytree(earlier.root, root, symlinks=True)
            begun = Stage(root, earlier.base, copy.deepcopy(earlier.config))
        else:
            root.mkdir()
            begun = Stage(root, image)
        number = str(sum(key.isdigit() for key in self._stages))
        self._stages[number] = begun
        if naming and naming[0].upper() == "AS":
            self._stages[naming[1]] = begun
        return begun
