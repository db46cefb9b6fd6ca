"""The table of contents of the API."""

from bot.sandbox.gitlab.api import (
    branches,
    commits,
    files,
    groups,
    hooks,
    instance,
    jobs,
    lint,
    members,
    merge_requests,
    pipelines,
    project_tokens,
    projects,
    protected_branches,
    registry,
    statuses,
    variables,
)
from bot.sandbox.gitlab.api.routing import Route

ALL: tuple[Route, ...] = (
    *instance.ROUTES,
    *groups.ROUTES,
    *projects.ROUTES,
    *members.ROUTES,
    *variables.ROUTES,
    *project_tokens.ROUTES,
    *commits.ROUTES,
    *files.ROUTES,
    *branches.ROUTES,
    *protected_branches.ROUTES,
    *hooks.ROUTES,
    *pipelines.ROUTES,
    *jobs.ROUTES,
    *statuses.ROUTES,
    *merge_requests.ROUTES,
    *registry.ROUTES,
    *lint.ROUTES,
)
