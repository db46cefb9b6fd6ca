"""Create the platform's own groups and repositories, on a GitLab that may have some of them already."""

from collections.abc import AsyncIterator, Mapping

from bot.domain.errors import PermanentError
from bot.domain.platform import Platform
from bot.domain.request import Visibility
from bot.domain.value import Value
from bot.ports.git_host import GitHost, NewProject, RenderedFile

MARK = "platform"


class Seed(Value):
    """What a repository of the platform starts from; Argo CD is told of every push to one that it deploys."""

    path: str
    title: str
    description: str
    files: Mapping[str, RenderedFile]
    is_deployed: bool = False


class Made(Value):
    """One thing that is there now."""

    what: str
    web_url: str


async def bootstrap(
    *, platform: Platform, teams: tuple[str, ...], seeds: tuple[Seed, ...], git: GitHost
) -> AsyncIterator[Made]:
    """Ensure the groups and the repositories, one after another; a repository with commits is left as it is.

    Args:
        platform: where the shared places are.
        teams: names of the groups of people who own applications.
        seeds: the platform's repositories.
        git: where all of it goes.

    Raises:
        PermanentError: a path is taken by a project that idp-bot did not make, or the token may not create groups.
    """
    parts = platform.gitlab_group.split("/")
    paths = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    paths += [f"{platform.gitlab_group}/{team}" for team in ("platform", *teams)]
    for path in dict.fromkeys(paths):
        group = await git.ensure_group(path, title=path.rsplit("/", maxsplit=1)[-1].capitalize())
        yield Made(what=f"group {path}", web_url=group.web_url)
    for seed in seeds:
        if not seed.files:
            raise PermanentError(f"There is nothing to put into {seed.path}.", "Give its folder.")
        project = await git.ensure_project(
            NewProject(
                path=seed.path,
                title=seed.title,
                description=seed.description,
                visibility=Visibility.INTERNAL,
                mark=MARK,
            )
        )
        await git.ensure_first_files(project.path, seed.files, message=f"Start {seed.title}")
        if seed.is_deployed and platform.argocd_url:
            await git.ensure_webhook(project.path, url=f"{platform.argocd_url}/api/webhook")
        yield Made(what=f"project {seed.path}", web_url=project.web_url)
