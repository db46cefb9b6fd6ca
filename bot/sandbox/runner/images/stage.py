"""Carry out one stage of a Dockerfile: files into a folder, settings into a configuration."""

import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from bot.sandbox.runner import globs
from bot.sandbox.runner.images.dockerfile import BuildFailed, Instruction, substituted
from bot.sandbox.runner.images.ignore import Ignored

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REMEMBERED: Final = {"USER": "User", "STOPSIGNAL": "StopSignal"}


@dataclass
class Stage:
    """What a stage has made so far."""

    root: Path
    base: str
    config: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables of the image."""
        return dict(entry.split("=", 1) for entry in self.config.get("Env", [f"PATH={_PATH}"]))

    @property
    def variables(self) -> dict[str, str]:
        """What `$X` may mean here; ENV wins over ARG."""
        return {**self.arguments, **self.env}


@dataclass(frozen=True)
class Context:
    """What instructions may look at beside their own stage."""

    folder: Path
    ignored: Ignored
    stages: Mapping[str, Stage]
    build_args: Mapping[str, str]
    global_args: Mapping[str, str]


def carry_out(instruction: Instruction, stage: Stage, context: Context) -> str | None:
    """Apply one instruction; a remark for the log where it did less than it says."""
    text = substituted(instruction.rest, stage.variables)
    stage.history.append(instruction.text)
    match instruction.word:
        case "RUN":
            return "recorded, not run: this builder has no container to run it in"
        case "COPY" | "ADD":
            return _copy(instruction, text, stage, context)
        case "ENV" | "LABEL":
            _set_pairs(instruction.word, text, stage)
        case "ARG":
            _declare(text, stage, context)
        case "CMD" | "ENTRYPOINT":
            _command(instruction, stage)
        case _:
            _setting(instruction.word, text, stage)
    return None


def _setting(word: str, text: str, stage: Stage) -> None:
    if word in _REMEMBERED:
        stage.config[_REMEMBERED[word]] = text
    elif word == "WORKDIR":
        stage.config["WorkingDir"] = str(_inside(stage, text))
        _place(stage, stage.config["WorkingDir"]).mkdir(parents=True, exist_ok=True)
    elif word == "EXPOSE":
        ports: dict[str, dict[str, str]] = {
            port if "/" in port else f"{port}/tcp": {} for port in text.split()
        }
        stage.config.setdefault("ExposedPorts", {}).update(ports)
    elif word == "VOLUME":
        stage.config.setdefault("Volumes", {}).update({path: {} for path in shlex.split(text)})


def _set_pairs(word: str, text: str, stage: Stage) -> None:
    words = shlex.split(text)
    if "=" not in words[0]:  # the old form: ENV name and the rest of the line
        name, _, value = text.partition(" ")
        words = [f"{name}={value.strip()}"]
    pairs = dict(entry.split("=", 1) for entry in words)
    if word == "LABEL":
        stage.config.setdefault("Labels", {}).update(pairs)
    else:
        stage.config["Env"] = [f"{name}={value}" for name, value in {**stage.env, **pairs}.items()]


def _declare(text: str, stage: Stage, context: Context) -> None:
    for entry in shlex.split(text):
        name, has_default, default = entry.partition("=")
        fallback = default if has_default else context.global_args.get(name, "")
        stage.arguments[name] = context.build_args.get(name, fallback)


def _command(instruction: Instruction, stage: Stage) -> None:
    key = "Cmd" if instruction.word == "CMD" else "Entrypoint"
    stage.config[key] = instruction.array() or ["/bin/sh", "-c", instruction.rest]
    if key == "Entrypoint":
        stage.config.pop("Cmd", None)


def _copy(instruction: Instruction, text: str, stage: Stage, context: Context) -> str | None:
    words = instruction.array() or shlex.split(text)
    *sources, target = [substituted(word, stage.variables) for word in words]
    origin = instruction.flags.get("from")
    if origin is not None and origin not in context.stages:
        return f"nothing is copied: the image {origin} is not pulled"
    folder = context.stages[origin].root if origin is not None else context.folder
    for source in sources:
        if "://" in source:
            raise BuildFailed(f"line {instruction.line}: downloading {source} is not supported")
        found = _found(folder, source, context.ignored if origin is None else None)
        if not found and origin is None:
            raise BuildFailed(f'line {instruction.line}: no items matching glob "{source}"')
        if not found:
            return f"{source} is not there: it would have been made by a RUN"
        _copy_all(found, folder, source, target, stage, is_many=len(sources) > 1)
    return None


def _found(folder: Path, source: str, ignored: Ignored | None) -> list[str]:
    """The files that a source means, relative to the folder; those of a folder are what lies in it."""
    pattern = str(PurePosixPath("/", source)).lstrip("/")
    paths = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")))
    return [
        path
        for path in paths
        if not (folder / path).is_dir()
        and (ignored is None or path not in ignored)
        and globs.covers(path, (pattern,))
    ]


def _copy_all(
    found: list[str], folder: Path, source: str, target: str, stage: Stage, *, is_many: bool
) -> None:
    clean = PurePosixPath("/", source).relative_to("/")
    into_folder = is_many or target.endswith(("/", ".")) or any(sign in source for sign in "*?[")
    for path in found:
        if (folder / clean).is_dir():
            name = PurePosixPath(path).relative_to(clean)
        else:
            name = PurePosixPath(PurePosixPath(path).name) if into_folder else PurePosixPath()
        destination = _place(stage, str(_inside(stage, target) / name))
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / path, destination, follow_symlinks=False)


def _inside(stage: Stage, path: str) -> PurePosixPath:
    """An absolute path of the image, from the working directory on."""
    return PurePosixPath("/", stage.config.get("WorkingDir", "/"), path)


def _place(stage: Stage, path: str) -> Path:
    """Where a path of the image lies on this machine.

    Raises:
        BuildFailed: it would lie outside.
    """
    place = (stage.root / path.lstrip("/")).resolve()
    if not place.is_relative_to(stage.root.resolve()):
        raise BuildFailed(f"{path} lies outside of the image")
    return place
