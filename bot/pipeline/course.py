"""Steps to run, and after which others each of them may begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.pipeline.step import Step


@dataclass(frozen=True, slots=True)
class Course:
    """The steps of a pipeline, or those that take them back."""

    steps: tuple[Step[Any], ...]
    dependencies: Mapping[str, frozenset[str]]
