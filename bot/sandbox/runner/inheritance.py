"""What a job takes over from others: `extends` and `!reference`."""

from collections.abc import Mapping
from typing import Any, Final

from bot.sandbox.runner.document import Document, Reference
from bot.sandbox.runner.plan import CiConfigError

_DEEPEST: Final = 11


def resolved(document: Document) -> Document:
    """The same document with every `extends` merged and every `!reference` replaced.

    Raises:
        CiConfigError: a name is unknown, or leads back to itself.
    """
    errors: list[str] = []
    content: dict[str, Any] = {}
    for name, value in document.content.items():
        try:
            whole = _extended(document, name, ()) if isinstance(value, Mapping) else value
            content[name] = _dereferenced(whole, document.content, name, ())
        except CiConfigError as error:
            errors += [f"{text}{document.at(name, 'extends')}" for text in error.errors]
    if errors:
        raise CiConfigError(tuple(errors))
    return Document(content=content, lines=document.lines)


def _extended(document: Document, name: str, trail: tuple[str, ...]) -> dict[str, Any]:
    job = document.content[name]
    if "extends" not in job:
        return dict(job)
    if name in trail:
        raise CiConfigError((f"{trail[0]}: circular dependency detected in `extends`",))
    if len(trail) >= _DEEPEST:
        raise CiConfigError((f"{trail[0]}: nesting too deep in `extends`",))
    merged: dict[str, Any] = {}
    for parent in _parents(name, job["extends"]):
        if not isinstance(document.content.get(parent), Mapping):
            raise CiConfigError((f"{name}: unknown keys in `extends` ({parent})",))
        merged = _merged(merged, _extended(document, parent, (*trail, name)))
    own = {key: value for key, value in job.items() if key != "extends"}
    return _merged(merged, own)


def _parents(name: str, extends: object) -> list[str]:
    if isinstance(extends, str):
        return [extends]
    if isinstance(extends, list) and all(isinstance(parent, str) for parent in extends):
        return extends
    raise CiConfigError((f"jobs:{name}:extends config should be an array of strings or a string",))


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Hashes are merged key by key; anything else is replaced, arrays too."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both and isinstance(old, Mapping) else value
    return merged


def _dereferenced(
    value: Any, content: Mapping[str, Any], owner: str, trail: tuple[Reference, ...]
) -> Any:
    if isinstance(value, Reference):
        if value in trail:
            raise CiConfigError((f'{owner}: "!reference {list(value.path)}" is part of a circle',))
        found: Any = content
        for part in value.path:
            if not isinstance(found, Mapping) or part not in found:
                raise CiConfigError((f'"!reference {list(value.path)}" could not be found',))
            found = found[part]
        return _dereferenced(found, content, owner, (*trail, value))
    if isinstance(value, Mapping):
        return {key: _dereferenced(part, content, owner, trail) for key, part in value.items()}
    if isinstance(value, list):
        return [_dereferenced(part, content, owner, trail) for part in value]
    return value
