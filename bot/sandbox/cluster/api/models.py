"""Schemas of the built-in kinds: derived once from the official client's types, then kept beside the interpreter."""

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import pickle
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.sandbox.cluster.api.resources import Schema

KEPT = Path(sys.prefix) / "var" / "idp-bot" / "kubernetes-schemas.pickle"
"""In the virtual environment, since the client that the schemas come from is in it, too."""

_DAMAGES = (
    *(OSError, EOFError, pickle.UnpicklingError, ValueError, TypeError),
    *(AttributeError, ImportError, LookupError),
)
_SOURCES = ("client_models", "merge_keys", "model_defaults", "model_limits", "resources")


def schema_of(model_name: str) -> Schema:
    """Return the structural schema of one model, with those of its fields inside it.

    The result is shared and must not be changed.
    """
    return _kept().get(model_name) or _derived(model_name)


def keep(model_names: Iterable[str], path: Path = KEPT) -> None:
    """Have the schemas at hand when the next process asks; one that may not write there derives them again."""
    names = set(model_names)
    if names <= _kept().keys():
        return
    schemas = {name: _derived(name) for name in names}
    with contextlib.suppress(OSError):
        _write(path, schemas)


def kept(path: Path = KEPT) -> Mapping[str, Schema]:
    """What lies there, if it was derived from the client and by the rules of today."""
    try:
        # Whoever can write there can change the interpreter's own packages, too.
        made_from, schemas = pickle.loads(path.read_bytes())  # noqa: S301 see above
    except _DAMAGES:
        return {}
    found: Mapping[str, Schema] = schemas if made_from == _origin() else {}
    return found


_kept = functools.cache(kept)


def _write(path: Path, schemas: Mapping[str, Schema]) -> None:
    """Put the whole file there in one step, so that several processes may do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        pickle.dump((_origin(), schemas), file, pickle.HIGHEST_PROTOCOL)
    Path(fresh).replace(path)


def _origin() -> str:
    """What the schemas depend on: the client's version, and the text of the modules that read it."""
    here = Path(__file__).parent
    texts = b"".join((here / f"{name}.py").read_bytes() for name in _SOURCES)
    return f"{importlib.metadata.version('kubernetes')} {hashlib.sha256(texts).hexdigest()}"


def _derived(model_name: str) -> Schema:
    from bot.sandbox.cluster.api import client_models  # noqa: PLC0415 it takes seconds, and once is enough

    return client_models.schema_of(model_name)
