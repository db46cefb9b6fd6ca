"""Whether a catalog knows the people without whom nothing is approved: the same for any catalog."""

from bot.domain.entities import EntityRef
from bot.ports.finding import Findings, failed, ok
from bot.ports.service_catalog import ServiceCatalog


async def findings(system: str, catalog: ServiceCatalog, *, platform_group: EntityRef) -> Findings:
    """Look at the platform's group and at its members.

    Raises:
        TemporaryError: the catalog cannot be reached.
        PermanentError: it refuses to answer.
    """
    group = await catalog.find(platform_group)
    if group is None:
        fix = "Add the group to the catalog, or set IDP_PLATFORM_GROUP to the one that runs the platform."
        yield failed(system, "platform group", f"There is no {platform_group}.", fix)
        return
    if group.problem:
        fix = f"Mend the file that defines {platform_group}."
        yield failed(system, "platform group", f"{platform_group}: {group.problem}.", fix)
    else:
        yield ok(system, "platform group", f"{platform_group} is there.")
    members = await catalog.members(platform_group)
    if members:
        names = ", ".join(member.ref.name for member in members[:5])
        more = " and others" if len(members) > 5 else ""  # noqa: PLR2004 as many as are named above
        yield ok(system, "users", f"{names}{more} can approve.")
    else:
        detail = f"No user is a member of {platform_group}: nobody could approve for the platform."
        fix = "Add users to the catalog, with the group under spec.memberOf."
        yield failed(system, "users", detail, fix)
