"""What a container's process is started with: its variables, its command line, its ports."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.sandbox.cluster.controllers.kubelet.images import Image
from bot.sandbox.cluster.controllers.objects import Object, annotations

PORTS_ANNOTATION = "sandbox.idp.internal/ports"
LOOPBACK = "127.0.0.1"
_EXPANSION = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.]*)\)|\$\$")

# Given a kind (ConfigMap, Secret) and a name in the pod's namespace.
Lookup = Callable[[str, str], Object | None]


class MissingReferenceError(Exception):
    """A ConfigMap, a Secret or a key in it is not there; the container waits for it."""


def ports_of(pod: Object) -> dict[int, int]:
    """Read at which real port each declared container port is found."""
    text = annotations(pod).get(PORTS_ANNOTATION, "{}")
    return {int(declared): real for declared, real in json.loads(text).items()}


def resolve_port(pod: Object, port: int | str) -> int | None:
    """Find the real port behind a container port, given by number or by name."""
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports") or []:
            if port in {entry["containerPort"], entry.get("name")}:
                return ports_of(pod).get(entry["containerPort"])
    return None


def variables(
    pod: Object, container: Object, image: Image, ports: Mapping[int, int], lookup: Lookup
) -> dict[str, str]:
    """Collect the variables: the image's, then the pod's, then those that make room on one machine.

    Raises:
        MissingReferenceError: something referred to is absent and not optional.
    """
    found = {name: _mapped(value, image) for name, value in image.environment.items()}
    found.pop("PATH", None)
    for source in container.get("envFrom") or []:
        found |= _all_of(source, lookup)
    for entry in container.get("env") or []:
        value = _value_of(entry, pod, lookup)
        if value is not None:
            found[entry["name"]] = expanded(value, found)
    return found | {"HOSTNAME": pod["metadata"]["name"]} | _room(ports)


def command_line(
    container: Object, image: Image, ports: Mapping[int, int], environment: Mapping[str, str]
) -> list[str]:
    """Build the arguments: the pod's words win over the image's, and declared ports become the real ones."""
    if container.get("command"):
        words = [*container["command"], *(container.get("args") or [])]
    elif container.get("args"):
        words = [*(image.config.get("Entrypoint") or []), *container["args"]]
    else:
        words = image.command
    words = [_on_this_machine(expanded(word, environment), ports) for word in words]
    return [_executable(words[0], image), *words[1:]] if words else []


def working_directory(container: Object, image: Image) -> Path:
    """Find the folder that the process starts in."""
    wanted = container.get("workingDir") or image.config.get("WorkingDir") or "/"
    folder = image.root / str(wanted).lstrip("/")
    return folder if folder.is_dir() else image.root


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """Replace `$(NAME)` as Kubernetes does: an unknown name stays, `$$` is one dollar."""

    def replacement(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return environment.get(found[1], found[0])

    return _EXPANSION.sub(replacement, text)


def _room(ports: Mapping[int, int]) -> dict[str, str]:
    """All pods share one loopback interface, so each container gets a port of its own."""
    first = next(iter(ports.values()), None)
    return {"HOST": LOOPBACK} | ({"PORT": str(first)} if first else {})


def _on_this_machine(word: str, ports: Mapping[int, int]) -> str:
    if word == "0.0.0.0":
        return LOOPBACK
    for declared, real in ports.items():
        if word == str(declared):
            return str(real)
        if re.fullmatch(rf"[\w.]*:{declared}", word):
            return f"{LOOPBACK}:{real}"
    return word


def _executable(word: str, image: Image) -> str:
    """Find a program of the image; one of its base image is taken from this machine by name."""
    if not word.startswith("/"):
        return word
    mapped = _mapped(word, image)
    return mapped if mapped != word else Path(word).name


def _mapped(value: str, image: Image) -> str:
    if value.startswith("/") and value != "/" and (image.root / value.lstrip("/")).exists():
        return str(image.root / value.lstrip("/"))
    return value


def _all_of(source: Object, lookup: Lookup) -> dict[str, str]:
    kind = "ConfigMap" if "configMapRef" in source else "Secret"
    reference = source.get("configMapRef") or source["secretRef"]
    obj = lookup(kind, reference["name"])
    if obj is None:
        if reference.get("optional"):
            return {}
        raise MissingReferenceError(f'{kind.lower()} "{reference["name"]}" not found')
    prefix = source.get("prefix", "")
    return {prefix + key: _text(kind, value) for key, value in (obj.get("data") or {}).items()}


def _value_of(entry: Object, pod: Object, lookup: Lookup) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return str(entry.get("value", ""))
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    kind = "ConfigMap" if "configMapKeyRef" in source else "Secret"
    reference = source.get("configMapKeyRef") or source.get("secretKeyRef")
    if reference is None:
        return None
    data = (lookup(kind, reference["name"]) or {}).get("data") or {}
    if reference["key"] in data:
        return _text(kind, data[reference["key"]])
    if reference.get("optional"):
        return None
    raise MissingReferenceError(
        f"couldn't find key {reference['key']} in {kind} "
        f"{pod['metadata']['namespace']}/{reference['name']}"
    )


def _text(kind: str, value: str) -> str:
    return base64.b64decode(value).decode(errors="replace") if kind == "Secret" else value


def _field(pod: Object, path: str) -> str:
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    value: object = pod
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, dict) else ""
    return str(value or (LOOPBACK if path.endswith("IP") else ""))
