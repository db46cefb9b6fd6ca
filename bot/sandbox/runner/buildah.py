"""A stand-in for buildah on the jobs' PATH: login, build, push and tag, as a pipeline uses them.

It makes real OCI images and speaks to real registries, but it has no containers: RUN is recorded and not run, and base
images are named and not pulled.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.sandbox.runner.images.build import Wish, build
from bot.sandbox.runner.images.dockerfile import BuildFailed
from bot.sandbox.runner.images.layout import Layout
from bot.sandbox.runner.images.registry import Credentials, Name, Registry

_FAILED: Final = 125
_FILES: Final = ("Containerfile", "Dockerfile")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is buildah's."""
    wanted = _parser().parse_args(arguments)
    try:
        _COMMANDS[wanted.command](wanted, Path.home())
    except (BuildFailed, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return _FAILED
    return 0


def _login(wanted: argparse.Namespace, home: Path) -> None:
    password = sys.stdin.readline().rstrip("\n") if wanted.password_stdin else wanted.password
    if not wanted.username or not password:
        raise BuildFailed("a username and a password are needed")
    credentials = Credentials(home)
    credentials.put(wanted.registry, wanted.username, password)
    try:
        Registry(wanted.registry, credentials.get(wanted.registry)).check()
    except BuildFailed:
        credentials.remove(wanted.registry)
        raise
    _say("Login Succeeded!")


def _logout(wanted: argparse.Namespace, home: Path) -> None:
    Credentials(home).remove(wanted.registry)
    _say(f"Removed login credentials for {wanted.registry}")


def _build(wanted: argparse.Namespace, home: Path) -> None:
    context = Path(wanted.context)
    files = (context / name for name in _FILES)
    file = (
        Path(wanted.file) if wanted.file else next((file for file in files if file.exists()), None)
    )
    if file is None:
        raise BuildFailed(f"no Containerfile or Dockerfile in {context}")
    arguments = _pairs(wanted.build_arg, os.environ)
    wish = Wish(context, file, arguments, _pairs(wanted.label, {}), wanted.target)
    layout = _layout(home)
    digest = build(wish, layout, _say)
    for tag in wanted.tag:
        layout.tag(tag, digest)
        _say(f"Successfully tagged {tag}")
    if wanted.iidfile:
        Path(wanted.iidfile).write_text(digest, encoding="utf-8")
    _say(digest.partition(":")[2])


def _push(wanted: argparse.Namespace, home: Path) -> None:
    layout = _layout(home)
    digest = layout.find(wanted.image)
    if digest is None:
        raise BuildFailed(f"{wanted.image}: image not known")
    name = Name.parse(wanted.destination or wanted.image)
    Registry(name.host, Credentials(home).get(name.host)).push(layout, digest, name)
    if wanted.digestfile:
        Path(wanted.digestfile).write_text(digest, encoding="utf-8")
    _say(f"Pushed {name.host}/{name.path}:{name.tag} as {digest}")


def _tag(wanted: argparse.Namespace, home: Path) -> None:
    layout = _layout(home)
    digest = layout.find(wanted.image)
    if digest is None:
        raise BuildFailed(f"{wanted.image}: image not known")
    for name in wanted.names:
        layout.tag(name, digest)


def _layout(home: Path) -> Layout:
    return Layout(home / ".local" / "share" / "containers" / "storage")


def _pairs(entries: Sequence[str], fallback: Mapping[str, str]) -> dict[str, str]:
    """`NAME=value`, or `NAME` alone for the value that the environment has."""
    pairs: dict[str, str] = {}
    for entry in entries:
        name, has_value, value = entry.partition("=")
        pairs[name] = value if has_value else fallback.get(name, "")
    return pairs


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="buildah", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("build", "bud"):
        _build_options(commands.add_parser(name))
    login = commands.add_parser("login")
    login.add_argument("-u", "--username")
    login.add_argument("-p", "--password")
    login.add_argument("--password-stdin", action="store_true")
    for command in (login, commands.add_parser("logout")):
        command.add_argument("registry")
    push = commands.add_parser("push")
    push.add_argument("--digestfile")
    push.add_argument("image")
    push.add_argument("destination", nargs="?")
    tag = commands.add_parser("tag")
    tag.add_argument("image")
    tag.add_argument("names", nargs="+")
    return parser


def _build_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("-f", "--file")
    command.add_argument("-t", "--tag", action="append", default=[])
    command.add_argument("--build-arg", action="append", default=[])
    command.add_argument("--label", action="append", default=[])
    command.add_argument("--format", choices=["oci"], default="oci")
    command.add_argument("--iidfile")
    command.add_argument("--target")
    command.add_argument("--no-cache", action="store_true", help="there is none")
    command.add_argument("--layers", action="store_true", help="an image has one layer here")
    command.add_argument("context", nargs="?", default=".")


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace, Path], None]]] = {
    "build": _build,
    "bud": _build,
    "login": _login,
    "logout": _logout,
    "push": _push,
    "tag": _tag,
}

if __name__ == "__main__":
    sys.exit(main())
