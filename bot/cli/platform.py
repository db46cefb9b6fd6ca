"""Commands about the platform: create its repositories, list templates, draw the pipelines."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.tree import Tree
from ruamel.yaml import YAML

from bot import connections
from bot.adapters.template_folder import TemplateFolder
from bot.cli.console import explained, out, settings_or_exit
from bot.domain.platform import Platform
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.pipelines import PIPELINES
from bot.ports.git_host import RenderedFile
from bot.settings import PlatformSettings, TemplateSettings
from bot.usecases.bootstrap import Seed
from bot.usecases.bootstrap import bootstrap as ensure_platform

Folder = Annotated[Path, typer.Option(file_okay=False, exists=True)]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.command()(bootstrap)
    main.command()(templates)
    main.command()(pipelines)


def bootstrap(catalog: Folder = Path("catalog"), helm: Folder = Path("helm")) -> None:
    """Create the platform's groups and repositories on GitLab, where they are missing."""
    settings = settings_or_exit(PlatformSettings)
    with explained():
        asyncio.run(_bootstrap(settings, catalog, helm))


async def _bootstrap(settings: PlatformSettings, catalog: Path, helm: Path) -> None:
    git = connections.git_host(settings)
    made = ensure_platform(
        platform=settings.platform,
        teams=tuple(_teams(catalog)),
        seeds=tuple(_seeds(settings.platform, catalog, helm, settings.idp_templates_dir)),
        git=git,
    )
    try:
        async for thing in made:
            out.print(f"{thing.what}: {thing.web_url}", highlight=False)
    finally:
        await git.close()


def _seeds(platform: Platform, catalog: Path, helm: Path, templates: Path) -> Iterator[Seed]:
    parts = (
        (
            platform.catalog_project,
            "Catalog",
            "Users, groups and systems of the organisation",
            catalog,
        ),
        (platform.user_apps_project, "User applications", "What runs where", helm / "user-apps"),
        (
            platform.compositions_project,
            "Compositions",
            "What an environment is",
            helm / "compositions",
        ),
        (platform.templates_project, "Templates", "Golden paths", templates),
    )
    for path, title, description, folder in parts:
        yield Seed(
            path=path,
            title=title,
            description=description,
            files=_files(folder),
            is_deployed=folder.is_relative_to(helm),
        )


def _files(folder: Path) -> dict[str, RenderedFile]:
    return {
        str(path.relative_to(folder)): RenderedFile(
            content=path.read_bytes(), executable=bool(path.stat().st_mode & 0o100)
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _teams(catalog: Path) -> Iterator[str]:
    yaml = YAML(typ="safe")
    for path in sorted(catalog.rglob("*.yaml")):
        for entity in yaml.load_all(path):
            if entity and entity.get("kind") == "Group" and entity["spec"].get("type") == "team":
                yield entity["metadata"]["name"]


def templates() -> None:
    """List the templates and what their forms ask."""
    settings = settings_or_exit(TemplateSettings)
    library = TemplateFolder(settings.idp_templates_dir)
    table = Table("Template", "Pipeline", "Title", "Asks for")
    with explained():
        for kind in PIPELINES:
            for template in library.list_templates(kind):
                asks = ", ".join(
                    name for page in template.pages for name in _properties(page.schema_)
                )
                table.add_row(template.name, kind, template.title, asks)
    out.print(table)


def _properties(schema: object) -> list[str]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return list(properties) if isinstance(properties, dict) else []


def pipelines() -> None:
    """Draw the steps of each pipeline and what each one waits for."""
    for pipeline in PIPELINES.values():
        out.print(drawn(pipeline))


def drawn(pipeline: Pipeline) -> Tree:
    """The pipeline as a tree: each step below the last of the steps that it needs."""
    tree = Tree(f"[bold]{pipeline.kind}[/]")
    places: dict[str, Tree] = {}
    for step in pipeline.steps:
        needs = pipeline.dependencies[step.name]
        direct = [n for n in needs if not any(n in _all_needs(pipeline, o) for o in needs - {n})]
        direct.sort(key=[s.name for s in pipeline.steps].index)
        label = f"{step.title} [dim]({step.name} makes {step.fact.__name__})[/]"
        if len(direct) > 1:
            others = ", ".join(pipeline.by_name[name].title for name in direct[:-1])
            label += f" [dim]also after: {others}[/]"
        places[step.name] = (places[direct[-1]] if direct else tree).add(label)
    return tree


def _all_needs(pipeline: Pipeline, name: str) -> frozenset[str]:
    direct = pipeline.dependencies[name]
    return direct.union(*(_all_needs(pipeline, need) for need in direct))
