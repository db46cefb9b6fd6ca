"""Wait until the catalog shows the system."""

from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.domain.platform import Platform
from bot.pipeline import blueprint
from bot.pipeline.facts import CatalogEntry, SystemFile, SystemPlan, TakenBack
from bot.pipeline.step import step, undo
from bot.ports.git_host import GitHost
from bot.ports.service_catalog import Entity, ServiceCatalog


@step("Appear in the catalog", patience=timedelta(minutes=30))
async def await_catalog_entry(
    plan: SystemPlan, file: SystemFile, catalog: ServiceCatalog, platform: Platform
) -> CatalogEntry:
    """Have the file read at once, also where the catalog would find it by itself one day."""
    entity = await _own_entity(plan, catalog, platform)
    if entity is None or entity.problem:
        await catalog.register(file.location, expects=plan.ref)
        entity = await _own_entity(plan, catalog, platform)
    if entity is None:
        raise NotYet("the catalog to read the system")
    if entity.problem:
        raise PermanentError(
            f"The catalog read {plan.ref.name} and complains: {entity.problem}",
            f"Mend {file.location}, then press Retry.",
        )
    return CatalogEntry(ref=plan.ref, web_url=catalog.page(plan.ref))


async def _own_entity(
    plan: SystemPlan, catalog: ServiceCatalog, platform: Platform
) -> Entity | None:
    """The entity that came from this very file; a catalog refuses to register a second definition of another one."""
    entity = await catalog.find(plan.ref)
    repository = f"{platform.gitlab_url}/{platform.catalog_project}"
    return entity if entity and entity.is_from(repository, plan.file) else None


@undo(await_catalog_entry, "Take the system out of the catalog")
async def unregister_system(
    plan: SystemPlan, file: SystemFile, git: GitHost, catalog: ServiceCatalog, platform: Platform
) -> TakenBack:
    """It goes before its file does, and stays where the file stays, as somebody has changed that."""
    folder = plan.file.rpartition("/")[0]
    content = (await git.read_files(platform.catalog_project, folder, ref="main")).get(plan.file)
    if content and not blueprint.is_as_planned(plan, "add_system_to_catalog", plan.file, content):
        return TakenBack(remark=f"{plan.ref.name} stays, for {plan.file} was changed since.")
    await catalog.unregister(plan.ref, within=file.location)
    return TakenBack(remark=f"{plan.ref.name} is not registered any more.")
