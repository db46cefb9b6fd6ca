"""Golden-path templates: their forms and their files."""

from collections.abc import Mapping
from typing import Protocol

import jsonschema
from pydantic import JsonValue

from bot.domain.value import Value
from bot.ports.git_host import RenderedFile

FormDialect = jsonschema.Draft7Validator
"""The dialect of JSON Schema in which forms are written, drawn and checked: the one of Backstage's own forms."""


class FormPage(Value):
    """One page of a template's form: a title and a JSON Schema object, as Backstage's scaffolder has it."""

    title: str
    schema_: Mapping[str, JsonValue]


class Template(Value):
    """A `scaffolder.backstage.io/v1beta3` Template with the bot's own `spec.idp`.

    `digest` changes whenever any file of the template does.
    """

    name: str
    title: str
    description: str
    pipeline: str
    pages: tuple[FormPage, ...]
    skeletons: Mapping[str, str]
    digest: str


class TemplateLibrary(Protocol):
    """List templates and render their skeletons.

    Methods raise PermanentError when a template is broken or missing, with the file and what to mend.
    """

    def list_templates(self, pipeline: str) -> tuple[Template, ...]:
        """The templates that a pipeline can make things from, ordered by title."""

    def get(self, name: str) -> Template:
        """The template of that name."""

    def render(
        self, name: str, skeleton: str, values: Mapping[str, JsonValue]
    ) -> Mapping[str, RenderedFile]:
        """The files of a skeleton with the values filled in, by their rendered paths."""
