"""Whether the catalog repository can stand in for a Backstage that is not there."""

from bot.adapters import catalog_check
from bot.adapters.catalog_documents import parsed, ref_of
from bot.domain.platform import Platform
from bot.ports.finding import Checkup, Findings, failed, ok
from bot.ports.git_host import GitHost
from bot.ports.service_catalog import ServiceCatalog

_SYSTEM = "Catalog"
_BRANCH = "main"


def checkup(catalog: ServiceCatalog, git: GitHost, *, platform: Platform) -> Checkup:
    """Look at the repository and at the platform's people in it."""
    return Checkup(_SYSTEM, "GITLAB_URL", _findings(catalog, git, platform))


async def _findings(catalog: ServiceCatalog, git: GitHost, platform: Platform) -> Findings:
    project = platform.catalog_project
    if await git.head(project, _BRANCH) is None:
        detail = f"BACKSTAGE_URL is not set, and {project} has no branch {_BRANCH} to read instead."
        fix = "Run `python -m bot bootstrap`, or set BACKSTAGE_URL and BACKSTAGE_TOKEN."
        yield failed(_SYSTEM, "repository", detail, fix)
        return
    detail = f"BACKSTAGE_URL is not set, so the repository {project} is read."
    yield ok(_SYSTEM, "repository", detail)
    people = catalog_check.findings(_SYSTEM, catalog, platform_group=platform.platform_group)
    async for finding in people:
        yield finding


async def teams(git: GitHost, *, project: str) -> list[str]:
    """The names of the groups of type `team`; a file that is no YAML defines none.

    Raises:
        TemporaryError: the Git host cannot be reached.
        PermanentError: it refuses to answer.
    """
    files = await git.read_files(project, ref=_BRANCH)
    contents = (content for path, content in files.items() if path.endswith((".yaml", ".yml")))
    return [name for content in contents for name in _teams_in(content)]


def _teams_in(content: bytes) -> list[str]:
    try:
        documents = parsed(content)
    except ValueError:
        return []
    groups = [(ref_of(document), document.get("spec")) for document in documents]
    return [
        ref.name
        for ref, spec in groups
        if ref and ref.kind == "group" and isinstance(spec, dict) and spec.get("type") == "team"
    ]
