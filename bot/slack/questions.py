"""Which properties a form asks for, given what has been answered so far: pages, dependencies and conditions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue, ValidationError

from bot.domain.errors import PermanentError
from bot.ports.template_library import FormDialect, Template
from bot.slack.properties import Kind, Property

Values = Mapping[str, JsonValue]
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Question:
    """One property as the form asks for it; a control decides which others are asked."""

    name: str
    asked: Property
    is_required: bool
    is_control: bool

    @property
    def label(self) -> str:
        """What it is called."""
        return self.asked.title or self.name

    @property
    def kind(self) -> Kind:
        """How Slack shows it."""
        return self.asked.kind


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the form with a title."""

    title: str
    questions: tuple[Question, ...]


@dataclass(slots=True)
class _Gathered:
    properties: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    controls: set[str] = field(default_factory=set)


def pages(template: Template, answers: Values) -> tuple[Page, ...]:
    """The form's pages with the questions that these answers lead to.

    Raises:
        PermanentError: a property's schema cannot be read.
    """
    asked = []
    known = {**_defaults(template), **answers}
    for page in template.pages:
        gathered = _Gathered()
        _gather(page.schema_, known, gathered, depth=0)
        asked.append(Page(page.title, tuple(_questions(template, gathered))))
    return tuple(asked)


def questions(template: Template, answers: Values) -> Iterator[Question]:
    """All questions of the form, in order."""
    for page in pages(template, answers):
        yield from page.questions


def _questions(template: Template, gathered: _Gathered) -> Iterator[Question]:
    for name, schema in gathered.properties.items():
        try:
            asked = Property.model_validate(schema)
        except ValidationError as error:
            raise PermanentError(
                f"The form of the template “{template.title}” cannot be read at “{name}”.",
                "Tell those who maintain the template.",
            ) from error
        yield Question(name, asked, name in gathered.required, name in gathered.controls)


def _gather(schema: Mapping[str, Any], answers: Values, into: _Gathered, *, depth: int) -> None:
    """Add a schema's properties, and those of the branches that the answers lead to."""
    if depth > _DEPTH:
        return
    for name, described in (schema.get("properties") or {}).items():
        if isinstance(described, Mapping):
            into.properties.setdefault(name, described)
    into.required.update(schema.get("required") or ())
    for branch in _branches(schema, answers, into):
        _gather(branch, answers, into, depth=depth + 1)


def _branches(
    schema: Mapping[str, Any], answers: Values, into: _Gathered
) -> Iterator[Mapping[str, Any]]:
    for control, dependent in (schema.get("dependencies") or {}).items():
        into.controls.add(control)
        if control in answers:
            yield from _dependent(control, dependent, answers)
    for part in [schema, *(schema.get("allOf") or ())]:
        if "if" in part:
            into.controls.update(part["if"].get("properties") or ())
            yield part.get("then" if _holds(part["if"], answers) else "else") or {}
    yield from (part for part in schema.get("allOf") or () if "if" not in part)


def _dependent(control: str, dependent: Any, answers: Values) -> Iterable[Mapping[str, Any]]:
    if isinstance(dependent, list):
        return [{"required": dependent}]
    branches = dependent.get("oneOf") or dependent.get("anyOf") or ()
    chosen = [
        _without(branch, control)
        for branch in branches
        if _holds(
            {"properties": {control: branch.get("properties", {}).get(control, True)}}, answers
        )
    ]
    return [dependent, *chosen]


def _without(branch: Mapping[str, Any], control: str) -> Mapping[str, Any]:
    properties = {n: p for n, p in (branch.get("properties") or {}).items() if n != control}
    return {**branch, "properties": properties}


def _holds(condition: Mapping[str, Any], answers: Values) -> bool:
    return bool(FormDialect(condition).is_valid(dict(answers)))


def _defaults(template: Template) -> dict[str, JsonValue]:
    """What counts as answered before anybody answers."""
    gathered = _Gathered()
    for page in template.pages:
        _gather(page.schema_, {}, gathered, depth=0)
    described = gathered.properties.items()
    return {name: schema["default"] for name, schema in described if "default" in schema}
