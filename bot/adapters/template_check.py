"""Whether the templates can be used: each one by itself, so that a broken one hides no other."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from bot.adapters import template_file
from bot.domain.errors import PermanentError
from bot.ports.finding import Checkup, Finding, Findings, failed, ok
from bot.ports.template_library import Template

_SYSTEM = "Templates"


def checkup(
    root: Path, *, kinds: Collection[str], form_problem: Callable[[Template], str]
) -> Checkup:
    """Read every template and draw its form; there must be one for each pipeline.

    Args:
        root: the folder of templates.
        kinds: the pipelines that there are.
        form_problem: why a template's form cannot be shown, or nothing.
    """
    return Checkup(_SYSTEM, "IDP_TEMPLATES_DIR", _findings(root, kinds, form_problem))


async def _findings(
    root: Path, kinds: Collection[str], form_problem: Callable[[Template], str]
) -> Findings:
    for finding in await asyncio.to_thread(list, _judged(root, kinds, form_problem)):
        yield finding


def _judged(
    root: Path, kinds: Collection[str], form_problem: Callable[[Template], str]
) -> Iterator[Finding]:
    if not root.is_dir():
        fix = "Set IDP_TEMPLATES_DIR to the folder that holds them."
        yield failed(_SYSTEM, "folder", f"There is no folder {root}.", fix)
        return
    usable: dict[str, Template] = {}
    for folder in sorted(file.parent for file in root.glob(f"*/{template_file.NAME}")):
        try:
            template = template_file.read(folder, digest="")
        except PermanentError as error:
            yield failed(_SYSTEM, folder.name, error.cause, error.fix)
            continue
        if template is None:
            yield ok(_SYSTEM, folder.name, "It has no spec.idp and is for Backstage alone.")
            continue
        fault = _fault(template, usable, kinds) or form_problem(template)
        if fault:
            yield failed(_SYSTEM, folder.name, fault, f"Mend {folder / template_file.NAME}.")
            continue
        usable[template.name] = template
        yield ok(_SYSTEM, folder.name, f"It is read, and its form drawn, for {template.pipeline}.")
    for kind in sorted(set(kinds) - {template.pipeline for template in usable.values()}):
        fix = f"Put one with `spec.idp.pipeline: {kind}` into {root}."
        yield failed(_SYSTEM, kind, f"There is no usable template for {kind}.", fix)


def _fault(template: Template, usable: Collection[str], kinds: Collection[str]) -> str:
    if template.pipeline not in kinds:
        known = " or ".join(kinds)
        return f"Its spec.idp.pipeline is {template.pipeline}, which is not {known}."
    if template.name in usable:
        return f"Another template is called {template.name}, too."
    return ""
