"""Register the component in the catalog and wait until it can be read there."""

from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.pipeline.facts import AppPlan, AppRepository, CatalogEntry
from bot.pipeline.step import step
from bot.ports.service_catalog import ServiceCatalog

ENTITY_FILE = "catalog-info.yaml"


@step("Register in the catalog", patience=timedelta(minutes=30))
async def register_component(
    plan: AppPlan, app: AppRepository, catalog: ServiceCatalog
) -> CatalogEntry:
    """A catalog accepts a location before it has read it: done means that the entity can be read."""
    ref = plan.names.component_ref
    entity = await catalog.find(ref)
    if entity is None or entity.problem:
        branch = app.project.default_branch
        location = f"{app.project.web_url}/-/blob/{branch}/{ENTITY_FILE}"
        await catalog.register(location, expects=ref)
        entity = await catalog.find(ref)
    if entity is None:
        raise NotYet("the catalog to read the component")
    if entity.problem:
        raise PermanentError(
            f"The catalog read {ref.name} and complains: {entity.problem}",
            f"Mend {ENTITY_FILE} in the application repository, then press Retry.",
        )
    return CatalogEntry(ref=ref, web_url=catalog.page(ref))
