"""Where helm and kubectl come from: the checked payload, else PATH, else a message that says what to do."""

import io
import os
import platform
import tarfile
import zipfile
from pathlib import Path

import pytest

from bot.sandbox import binaries


def a_payload(folder: Path, content: bytes) -> Path:
    """A folder as the wheel leaves it, with this content for helm."""
    layer, bundle = io.BytesIO(), folder / "aws_cdk" / "layer" / "_jsii" / "layer.jsii.tgz"
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("helm/helm", content)
    bundle.parent.mkdir(parents=True)
    with tarfile.open(bundle, "w:gz") as tar:
        member = tarfile.TarInfo("package/layer.zip")
        member.size = len(layer.getvalue())
        tar.addfile(member, io.BytesIO(layer.getvalue()))
    return folder


def test_a_program_on_path_serves_where_there_is_no_payload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helm = tmp_path / "bin" / "helm"
    helm.parent.mkdir()
    helm.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(helm.parent))

    assert binaries.helm(tmp_path / "empty") == helm


def test_a_missing_program_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(binaries.BinaryMissing, match="install kubectl"):
        binaries.kubectl(tmp_path / "empty")


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="the payload is for linux/amd64",
)
def test_a_program_with_another_digest_is_never_put_in_place(tmp_path: Path) -> None:
    payload = a_payload(tmp_path, b"#!/bin/sh\necho something else\n")

    with pytest.raises(binaries.BinaryMissing, match="has digest"):
        binaries.helm(payload)

    assert not os.path.lexists(payload / "bin" / "helm")
