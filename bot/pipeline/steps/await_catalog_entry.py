"""Wait until the catalog shows the system."""

from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.pipeline.facts import CatalogEntry, SystemFile, SystemPlan, TakenBack
from bot.pipeline.step import step, undo
from bot.ports.service_catalog import ServiceCatalog


@step("Appear in the catalog", patience=timedelta(minutes=30))
async def await_catalog_entry(
    plan: SystemPlan, file: SystemFile, catalog: ServiceCatalog
) -> CatalogEntry:
    """Have the file read at once, also where the catalog would find it by itself one day."""
    entity = await catalog.find(plan.ref)
    if entity is None or entity.problem:
        await catalog.register(file.location, expects=plan.ref)
        entity = await catalog.find(plan.ref)
    if entity is None:
        raise NotYet("the catalog to read the system")
    if entity.problem:
        raise PermanentError(
            f"The catalog read {plan.ref.name} and complains: {entity.problem}",
            f"Mend {file.location}, then press Retry.",
        )
    return CatalogEntry(ref=plan.ref, web_url=catalog.page(plan.ref))


@undo(await_catalog_entry, "Take the system out of the catalog")
async def unregister_system(
    plan: SystemPlan, file: SystemFile, catalog: ServiceCatalog
) -> TakenBack:
    """It goes before its file does; where the catalog found the file by itself, there is nothing to take away."""
    await catalog.unregister(plan.ref, within=file.location)
    return TakenBack(remark=f"{plan.ref.name} is not registered any more.")
