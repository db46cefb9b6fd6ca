"""Draw the panel: what is faulty now, what was, and a form for each kind."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.sandbox.faults.kinds import ALL, Fault
from bot.sandbox.faults.store import Active, Faults

LABELS = {
    "part": "Part",
    "seconds": "Seconds",
    "retry_after": "Retry-After",
    "status": "Status",
    "when": "When",
    "method": "Method",
    "path": "Path",
    "event": "Event",
    "url": "Receiver",
    "project": "Project",
    "job": "Job",
    "application": "Application",
    "resource": "Resource",
    "progress_deadline": "Progress deadline",
    "times": "How often",
    "for_seconds": "For how many seconds",
}
_SHOWN_ELSEWHERE = frozenset({"id", "kind", "part", "hits", "left", "seconds_left"})


@dataclass(frozen=True, slots=True)
class FormField:
    """One thing to fill in."""

    name: str
    label: str
    hint: str
    choices: tuple[str, ...]
    is_number: bool
    is_required: bool
    default: str


@dataclass(frozen=True, slots=True)
class KindForm:
    """The form of one kind."""

    kind: str
    title: str
    summary: str
    fields: tuple[FormField, ...]


def drawn(faults: Faults, part: str) -> str:
    """The page, as it is seen at one part's address."""
    return (
        _templates()
        .get_template("panel.html")
        .render(
            active=faults.listed(),
            past=list(faults.past),
            forms=_forms(),
            here=part,
            details=_details,
            titles={form.kind: form.title for form in _forms()},
        )
    )


def _details(each: Active) -> list[tuple[str, str]]:
    told = each.as_json().items()
    return [(LABELS[name], _shown(value)) for name, value in told if name not in _SHOWN_ELSEWHERE]


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("bot.sandbox.faults"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


@cache
def _forms() -> tuple[KindForm, ...]:
    return tuple(_form(kind) for kind in ALL)


def _form(kind: type[Fault]) -> KindForm:
    schema = kind.model_json_schema()
    required = frozenset(schema.get("required", ()))
    fields = [
        _field(name, told, is_required=name in required)
        for name, told in schema["properties"].items()
        if name != "kind"
    ]
    ordered = sorted(fields, key=lambda field: list(LABELS).index(field.name))
    name: str = schema["properties"]["kind"]["const"]
    return KindForm(name, kind.title, kind.summary, tuple(ordered))


def _field(name: str, told: dict[str, Any], *, is_required: bool) -> FormField:
    """Read a field's schema; one that may be left out says so by a second type, null."""
    value = next(each for each in told.get("anyOf", [told]) if each.get("type") != "null")
    choices = tuple(value.get("enum", ())) or ((value["const"],) if "const" in value else ())
    return FormField(
        name=name,
        label=LABELS[name],
        hint=told.get("description", ""),
        choices=choices,
        is_number=value.get("type") in {"number", "integer"},
        is_required=is_required,
        default=_shown(told.get("default")),
    )
