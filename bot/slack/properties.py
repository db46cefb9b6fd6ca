"""One property of a template's form, read tolerantly from its JSON Schema, and which Slack input it calls for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

CHOICES_LIMIT = 10
OPTIONS_LIMIT = 100

_GROUP_PICKERS = {"OwnerPicker", "MyGroupsPicker"}
_ENTITY_PICKERS = {"EntityPicker", "OwnedEntityPicker", "MultiEntityPicker"} | _GROUP_PICKERS
_TEXT_FIELDS = {"", "EntityNamePicker"}
CATALOG_KINDS = ("component", "group", "system", "user")


class Kind(StrEnum):
    """How a property is shown."""

    TEXT = "text"
    EMAIL = "email"
    ADDRESS = "address"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    RADIO = "radio"
    CHOICES = "choices"
    CHECKS = "checks"
    LINES = "lines"
    ENTITY = "entity"
    ENTITIES = "entities"
    REPOSITORY = "repository"
    FIXED = "fixed"
    HIDDEN = "hidden"
    SKIPPED = "skipped"
    FOREIGN = "foreign"


_KINDS_OF_TYPES = {"boolean": Kind.SWITCH, "integer": Kind.NUMBER, "number": Kind.NUMBER}


class Alternative(BaseModel):
    """One branch of a `oneOf` that only names values."""

    const: JsonValue = None
    title: str = ""


class Property(BaseModel):
    """What the form needs of a property's schema; the rest is checked on submission, against the schema itself."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, coerce_numbers_to_str=True)

    type: str | tuple[str, ...] = "string"
    title: str = ""
    description: str = ""
    default: JsonValue = None
    enum: tuple[JsonValue, ...] = ()
    enum_names: tuple[str, ...] = Field(default=(), alias="enumNames")
    one_of: tuple[Alternative, ...] = Field(default=(), alias="oneOf")
    items: "Property | None" = None
    format: str = ""
    min_length: int | None = Field(default=None, alias="minLength")
    max_length: int | None = Field(default=None, alias="maxLength")
    minimum: float | None = None
    maximum: float | None = None
    read_only: bool = Field(default=False, alias="readOnly")
    field: str = Field(default="", alias="ui:field")
    widget: str = Field(default="", alias="ui:widget")
    options: Mapping[str, Any] = Field(default={}, alias="ui:options")
    help: str = Field(default="", alias="ui:help")
    placeholder: str = Field(default="", alias="ui:placeholder")
    autofocus: bool = Field(default=False, alias="ui:autofocus")
    backstage: Mapping[str, Any] = Field(default={}, alias="ui:backstage")

    @property
    def alternatives(self) -> tuple[tuple[JsonValue, str], ...]:
        """The values to choose from, with their names for people."""
        if self.one_of:
            return tuple((a.const, a.title or str(a.const)) for a in self.one_of)
        names = (*self.enum_names, *("" for _ in self.enum))
        return tuple(
            (value, name or str(value)) for value, name in zip(self.enum, names, strict=False)
        )

    @property
    def entity_kinds(self) -> tuple[str, ...]:
        """The kinds of catalog entities to choose from, as far as the bot knows them."""
        if self.field in _GROUP_PICKERS:
            return ("group",)
        wanted = self.options.get("catalogFilter") or self.options.get("allowedKinds") or {}
        filters = wanted if isinstance(wanted, list) else [wanted]
        named = [f.get("kind") if isinstance(f, dict) else f for f in filters]
        flat = [k for kind in named for k in (kind if isinstance(kind, list) else [kind])]
        return tuple(dict.fromkeys(k for k in (str(f).lower() for f in flat) if k in CATALOG_KINDS))

    @property
    def is_multiline(self) -> bool:
        """Whether longer text is expected."""
        return (
            self.widget == "textarea"
            or "rows" in self.options
            or bool(self.options.get("multiline"))
        )

    @property
    def kind(self) -> Kind:
        """How Slack shows it."""
        if "featureFlag" in self.backstage:
            return Kind.SKIPPED
        if self.widget == "hidden":
            return Kind.HIDDEN
        if self.read_only:
            return Kind.FIXED
        return self._kind_of_field() if self.field else self._kind_of_type()

    def _kind_of_field(self) -> Kind:
        if self.field in _ENTITY_PICKERS:
            if not self.entity_kinds:
                return Kind.FOREIGN
            return Kind.ENTITIES if self.type == "array" else Kind.ENTITY
        if self.field == "EntityTagsPicker":
            return Kind.LINES
        if self.field == "RepoUrlPicker":
            return Kind.REPOSITORY
        return Kind.TEXT if self.field in _TEXT_FIELDS else Kind.FOREIGN

    def _kind_of_type(self) -> Kind:
        if self.widget == "password":
            return Kind.FOREIGN
        if self.type == "array":
            return self._kind_of_array()
        if self.alternatives and self.type != "boolean":
            is_radio = self.widget == "radio" and len(self.alternatives) <= CHOICES_LIMIT
            return Kind.RADIO if is_radio else Kind.CHOICE
        if self.type == "string":
            return {"email": Kind.EMAIL, "uri": Kind.ADDRESS}.get(self.format, Kind.TEXT)
        return _KINDS_OF_TYPES.get(str(self.type), Kind.FOREIGN)

    def _kind_of_array(self) -> Kind:
        items = self.items or Property()
        if items.alternatives:
            return Kind.CHECKS if len(items.alternatives) <= CHOICES_LIMIT else Kind.CHOICES
        return Kind.LINES if items.type == "string" and not items.field else Kind.FOREIGN
