"""JSON patch, RFC 6902: a list of operations on JSON pointers."""

import copy
from typing import Any


class CannotPatch(Exception):
    """An operation does not fit the object; none of the list has an effect."""


def patched(live: Any, operations: Any) -> Any:
    """Return the live value after all operations.

    Raises:
        CannotPatch: a path is missing, a test failed, or an operation is unknown.
    """
    if not isinstance(operations, list):
        raise CannotPatch("a JSON patch is a list of operations")
    root = {"": copy.deepcopy(live)}
    for operation in operations:
        try:
            _run(root, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise CannotPatch(f"operation does not fit: {operation}") from error
    return root[""]


def _run(root: Any, operation: dict[str, Any]) -> None:
    path = operation["path"]
    match operation["op"]:
        case "add":
            _add(root, path, operation["value"])
        case "replace":
            _get(root, path)
            _remove(root, path)
            _add(root, path, operation["value"])
        case "remove":
            _remove(root, path)
        case "move":
            _add(root, path, _remove(root, operation["from"]))
        case "copy":
            _add(root, path, copy.deepcopy(_get(root, operation["from"])))
        case "test":
            if _get(root, path) != operation["value"]:
                raise CannotPatch(f"testing path {path} value failed")
        case unknown:
            raise CannotPatch(f"unknown operation {unknown}")


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(path)
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]


def _get(root: Any, path: str) -> Any:
    found = root
    for step in _steps(path):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def _parent(root: Any, path: str) -> tuple[Any, str]:
    *way, last = _steps(path)
    found = root
    for step in way:
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found, last


def _add(root: Any, path: str, value: Any) -> None:
    parent, last = _parent(root, path)
    if isinstance(parent, list):
        index = len(parent) if last == "-" else int(last)
        if not 0 <= index <= len(parent):
            raise IndexError(path)
        parent.insert(index, value)
    else:
        parent[last] = value


def _remove(root: Any, path: str) -> Any:
    parent, last = _parent(root, path)
    return parent.pop(int(last)) if isinstance(parent, list) else parent.pop(last)
