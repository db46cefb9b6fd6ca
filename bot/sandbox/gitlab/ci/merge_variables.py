"""The CI_MERGE_REQUEST_* variables, and which merge requests a branch has open."""

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import MergeRequest, Pipeline, Project


def of_pipeline(forge: Forge, pipeline: Pipeline) -> dict[str, str]:
    """What rules and jobs know of merge requests."""
    project = forge.store.projects[pipeline.project_id]
    request = forge.store.merge_requests.get(pipeline.merge_request_id)
    branch = request.source_branch if request else pipeline.ref
    path = forge.full_path(project)
    opened = forge.store.merge_requests.where(
        lambda each: (
            (each.project_id, each.source_branch, each.state) == (project.id, branch, "opened")
        )
    )
    known = {"CI_OPEN_MERGE_REQUESTS": ",".join(f"{path}!{each.iid}" for each in opened)}
    return (known if opened and not pipeline.tag else {}) | (
        _of_request(forge, project, pipeline, request) if request else {}
    )


def _of_request(
    forge: Forge, project: Project, pipeline: Pipeline, request: MergeRequest
) -> dict[str, str]:
    names = (forge.store.users[each].username for each in request.assignee_ids)
    protected = bool(access.protections(forge, project, request.target_branch))
    words = {
        "ID": str(request.id),
        "IID": str(request.iid),
        "TITLE": request.title,
        "DESCRIPTION": request.description or "",
        "LABELS": ",".join(request.labels),
        "ASSIGNEES": ",".join(names),
        "EVENT_TYPE": "detached",
        "REF_PATH": pipeline.ref,
        "DIFF_BASE_SHA": pipeline.changed_since or "",
        "SOURCE_BRANCH_NAME": request.source_branch,
        "TARGET_BRANCH_NAME": request.target_branch,
        "TARGET_BRANCH_PROTECTED": str(protected).lower(),
    }
    of_project = {
        "ID": str(project.id),
        "PATH": forge.full_path(project),
        "URL": forge.web_url(project),
    }
    for kind in ("", "SOURCE_"):
        words |= {f"{kind}PROJECT_{name}": value for name, value in of_project.items()}
    return {f"CI_MERGE_REQUEST_{name}": value for name, value in words.items()}
