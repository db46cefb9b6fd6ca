"""Templates with forms of all kinds, and how they look as modals."""

from collections.abc import Mapping
from typing import Any

from bot.ports.template_library import FormPage, Template
from bot.sandbox.slack import blockkit
from bot.slack import form_views


def a_template(*pages: Mapping[str, Any], name: str = "one", title: str = "One") -> Template:
    return Template(
        name=name,
        title=title,
        description="Makes one.",
        pipeline="new-app",
        pages=tuple(FormPage(title=f"Page {n}", schema_=page) for n, page in enumerate(pages)),
        skeletons={},
        digest="d1",
    )


def asking(name: str = "field", **schema: Any) -> Template:
    """A template that asks for one property."""
    ui = {key.replace("ui_", "ui:"): value for key, value in schema.items()}
    return a_template({"properties": {name: ui}})


def drawn(template: Template, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    view = form_views.form([template], template, values=values or {}, note="").to_dict()
    blockkit.check_view({**view, "private_metadata": "{}"}, kind="modal")
    return dict(view)


def block(view: Mapping[str, Any], block_id: str = "field") -> dict[str, Any]:
    return next(dict(b) for b in view["blocks"] if b.get("block_id") == block_id)


def element(template: Template, block_id: str = "field") -> dict[str, Any]:
    return dict(block(drawn(template), block_id)["element"])


CONDITIONAL = a_template(
    {
        "properties": {"store": {"type": "boolean"}, "engine": {"enum": ["pg", "none"]}},
        "dependencies": {
            "engine": {
                "oneOf": [
                    {"properties": {"engine": {"enum": ["none"]}}},
                    {
                        "properties": {"engine": {"enum": ["pg"]}, "size": {"type": "integer"}},
                        "required": ["size"],
                    },
                ]
            }
        },
        "allOf": [
            {
                "if": {"properties": {"store": {"const": True}}, "required": ["store"]},
                "then": {"properties": {"bucket": {"type": "string"}}},
                "else": {"properties": {"why_not": {"type": "string"}}},
            }
        ],
    }
)
