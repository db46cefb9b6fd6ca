"""What every page needs: the templates, and the frame around a project's pages."""

from dataclasses import dataclass, field
from typing import Any

import jinja2
from starlette.responses import HTMLResponse

from bot.sandbox.gitlab import seed
from bot.sandbox.gitlab.ci import pipelines
from bot.sandbox.gitlab.entities.times import seconds
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Job, Pipeline, Project
from bot.sandbox.gitlab.pages import rendering


class NoSuchPage(Exception):
    """Nothing to show at this address."""


@dataclass(frozen=True, slots=True)
class Site:
    """The forge with the templates that show it."""

    forge: Forge
    templates: jinja2.Environment = field(default_factory=rendering.environment)

    def page(self, name: str, /, *, status: int = 200, **shown: Any) -> HTMLResponse:
        """A page from a template."""
        values = {"live": False, "active": "projects"} | shown
        return HTMLResponse(self.templates.get_template(name).render(values), status)

    def project_page(
        self, name: str, project: Project, active: str, heading: str, /, **shown: Any
    ) -> HTMLResponse:
        """A page within a project's frame."""
        space = self.forge.namespace_of(project)
        path = self.forge.full_path(project)
        return self.page(
            name,
            active=active,
            heading=heading,
            base=f"/{path}",
            trail=list(reversed(self.forge.ancestors(space))),
            project=project.model_dump() | {"full_name": f"{space.full_name} / {project.name}"},
            clone_url=f"{self.forge.web_url(project)}.git",
            clone_command=self._clone_command(project),
            login=seed.ADMIN,
            **shown,
        )

    def _clone_command(self, project: Project) -> str:
        """With a login that reads and no more: whoever is at the page sees it."""
        scheme, _, address = self.forge.web_url(project).partition("://")
        return f"git clone {scheme}://{seed.ADMIN}:{self.forge.read_token}@{address}.git"

    def latest_pipeline(self, project: Project, sha: str) -> Pipeline | None:
        """The newest pipeline of a commit."""
        found = self.forge.store.pipelines.where(
            lambda each: each.project_id == project.id and each.sha == sha
        )
        return found[-1] if found else None

    def jobs(self, pipeline: Pipeline, *, retried: bool = False) -> list[dict[str, Any]]:
        """The jobs of a pipeline with how long they took, or take."""
        found = pipelines.jobs_of(self.forge, pipeline.id, retried=retried)
        return [self.job(each) for each in found]

    def job(self, job: Job) -> dict[str, Any]:
        """A job with how long it took, or takes."""
        end = job.finished_at or self.forge.now()
        return job.model_dump() | {"took": seconds(job.started_at, end)}
