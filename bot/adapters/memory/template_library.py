"""Templates without a folder."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from bot.adapters.memory.faults import Faults
from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile
from bot.ports.template_library import Template

_PLACEHOLDER = re.compile(r"\$\{\{\s*values\.(\w+)\s*\}\}")
Skeletons = Mapping[str, Mapping[str, RenderedFile]]


class MemoryTemplateLibrary(Faults):
    """Plain `${{ values.x }}` is filled in; anything cleverer is the real one's."""

    def __init__(self) -> None:
        super().__init__()
        self._templates: dict[str, tuple[Template, Skeletons]] = {}

    def add(self, template: Template, skeletons: Skeletons) -> None:
        """Put a template there, or replace it."""
        self._templates[template.name] = (template, skeletons)

    def list_templates(self, pipeline: str) -> tuple[Template, ...]:
        with self.around("list_templates"):
            found = [t for t, _ in self._templates.values() if t.pipeline == pipeline]
            return tuple(sorted(found, key=lambda template: template.title.lower()))

    def get(self, name: str) -> Template:
        with self.around("get"):
            return self._found(name)[0]

    def render(
        self, name: str, skeleton: str, values: Mapping[str, JsonValue]
    ) -> Mapping[str, RenderedFile]:
        with self.around("render"):
            _, skeletons = self._found(name)
            if skeleton not in skeletons:
                raise PermanentError(f"“{name}” has no skeleton “{skeleton}”.", "Name another.")
            return {
                _filled(path, values): RenderedFile(
                    content=_filled(file.content.decode(), values).encode(),
                    executable=file.executable,
                )
                for path, file in skeletons[skeleton].items()
            }

    def _found(self, name: str) -> tuple[Template, Skeletons]:
        if name not in self._templates:
            raise PermanentError(f"There is no template “{name}”.", "Choose another template.")
        return self._templates[name]


def _filled(text: str, values: Mapping[str, JsonValue]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise PermanentError(f"There is no value “{found[1]}”.", "Mend the template.")
        return str(values[found[1]])

    return _PLACEHOLDER.sub(value, text)
