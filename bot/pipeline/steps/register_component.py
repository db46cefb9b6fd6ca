"""Register the component in the catalog and wait until it can be read there."""

from datetime import timedelta

from bot.domain.errors import NotYet, PermanentError
from bot.pipeline.facts import AppPlan, AppRepository, CatalogEntry, TakenBack
from bot.pipeline.pipeline import JobContext
from bot.pipeline.step import step, undo
from bot.ports.git_host import GitHost
from bot.ports.service_catalog import Entity, ServiceCatalog

ENTITY_FILE = "catalog-info.yaml"


@step("Register in the catalog", patience=timedelta(minutes=30))
async def register_component(
    plan: AppPlan, app: AppRepository, catalog: ServiceCatalog
) -> CatalogEntry:
    """A catalog accepts a location before it has read it: done means that the entity can be read."""
    ref = plan.names.component_ref
    entity = await _own_entity(plan, app, catalog)
    if entity is None or entity.problem:
        branch = app.project.default_branch
        location = f"{app.project.web_url}/-/blob/{branch}/{ENTITY_FILE}"
        await catalog.register(location, expects=ref)
        entity = await _own_entity(plan, app, catalog)
    if entity is None:
        raise NotYet("the catalog to read the component")
    if entity.problem:
        raise PermanentError(
            f"The catalog read {ref.name} and complains: {entity.problem}",
            f"Mend {ENTITY_FILE} in the application repository, then press Retry.",
        )
    return CatalogEntry(ref=ref, web_url=catalog.page(ref))


async def _own_entity(plan: AppPlan, app: AppRepository, catalog: ServiceCatalog) -> Entity | None:
    """The entity that the repository defines; a catalog refuses to register a second definition of another one."""
    entity = await catalog.find(plan.names.component_ref)
    return entity if entity and entity.is_from(app.project.web_url) else None


@undo(register_component, "Take the component out of the catalog")
async def unregister_component(
    plan: AppPlan, job: JobContext, git: GitHost, catalog: ServiceCatalog
) -> TakenBack:
    """Only where the repository that describes it is this job's; it goes before the repository does."""
    name = plan.names.component
    project = await git.find_project(plan.names.app_repository)
    if not project or project.mark != job.id:
        return TakenBack(remark=f"{name} was not registered by this request.")
    await catalog.unregister(plan.names.component_ref, within=project.web_url)
    return TakenBack(remark=f"{name} is not in the catalog.")
