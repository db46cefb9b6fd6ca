"""Schemas are derived from the official client once, and found again by the next process."""

import pickle
from pathlib import Path

import pytest

from bot.sandbox.cluster.api import client_models, models


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "schemas.pickle"


@pytest.fixture(autouse=True)
def nothing_kept_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_kept", dict)


def test_the_next_process_finds_what_was_derived(path: Path) -> None:
    models.keep({"V1Lease", "V1ConfigMap"}, path)
    found = models.kept(path)
    assert set(found) == {"V1Lease", "V1ConfigMap"}
    assert found["V1Lease"] == client_models.schema_of("V1Lease")


def test_schemas_of_another_client_are_derived_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(pickle.dumps(("another client", {"V1Lease": {}})))
    assert models.kept(path) == {}


def test_a_damaged_file_counts_as_none(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a pickle")
    assert models.kept(path) == {}


def test_a_place_that_cannot_be_written_is_no_fault(path: Path) -> None:
    path.parent.write_text("a file where the folder would be")
    models.keep({"V1Lease"}, path)
    assert models.kept(path) == {}
    assert models.schema_of("V1Lease")["type"] == "object"
