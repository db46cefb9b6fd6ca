"""The CI_* variables, and those that a project and its groups set."""

import fnmatch
from urllib.parse import urlsplit

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.ci import merge_variables
from bot.sandbox.gitlab.ci.status import slug
from bot.sandbox.gitlab.entities.times import zoned
from bot.sandbox.gitlab.forge import REVISION, VERSION, Forge
from bot.sandbox.gitlab.git.reading import Commit
from bot.sandbox.gitlab.model import Job, Pipeline, Project, User, Variable

CONFIG_PATH = ".gitlab-ci.yml"


def of_pipeline(forge: Forge, pipeline: Pipeline, commit: Commit) -> dict[str, str]:
    """What rules may ask and jobs see, before a job is known."""
    project = forge.store.projects[pipeline.project_id]
    user = forge.store.users[pipeline.user_id]
    return (
        _server(forge)
        | _project(forge, project)
        | _commit(forge, project, pipeline, commit)
        | _pipeline(forge, project, pipeline)
        | _person(user)
        | merge_variables.of_pipeline(forge, pipeline)
        | {each.key: each.value for each in wanted(forge, pipeline, environment=None)}
        | pipeline.variables
    )


def _server(forge: Forge) -> dict[str, str]:
    address = urlsplit(forge.url)
    major, minor, patch = VERSION.split(".")
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": f"{forge.url}/api/v4",
        "CI_SERVER": "yes",
        "CI_SERVER_URL": forge.url,
        "CI_SERVER_HOST": address.hostname or "",
        "CI_SERVER_FQDN": address.netloc,
        "CI_SERVER_PORT": str(address.port or ""),
        "CI_SERVER_PROTOCOL": address.scheme,
        "CI_SERVER_NAME": "GitLab",
        "CI_SERVER_VERSION": VERSION,
        "CI_SERVER_VERSION_MAJOR": major,
        "CI_SERVER_VERSION_MINOR": minor,
        "CI_SERVER_VERSION_PATCH": patch,
        "CI_SERVER_REVISION": REVISION,
        "CI_REGISTRY": forge.registry_host,
        "CI_RUNNER_ID": "1",
        "CI_RUNNER_DESCRIPTION": "sandbox",
        "CI_RUNNER_TAGS": "[]",
    }


def _project(forge: Forge, project: Project) -> dict[str, str]:
    path = forge.full_path(project)
    namespace = forge.namespace_of(project)
    return {
        "CI_PROJECT_ID": str(project.id),
        "CI_PROJECT_NAME": project.path,
        "CI_PROJECT_TITLE": project.name,
        "CI_PROJECT_DESCRIPTION": project.description or "",
        "CI_PROJECT_PATH": path,
        "CI_PROJECT_PATH_SLUG": slug(path),
        "CI_PROJECT_NAMESPACE": namespace.full_path,
        "CI_PROJECT_NAMESPACE_ID": str(namespace.id),
        "CI_PROJECT_ROOT_NAMESPACE": path.partition("/")[0],
        "CI_PROJECT_URL": forge.web_url(project),
        "CI_PROJECT_VISIBILITY": project.visibility,
        "CI_DEFAULT_BRANCH": project.default_branch,
        "CI_CONFIG_PATH": project.settings.get("ci_config_path") or CONFIG_PATH,
        "CI_REGISTRY_IMAGE": f"{forge.registry_host}/{path.lower()}",
    }


def _commit(forge: Forge, project: Project, pipeline: Pipeline, commit: Commit) -> dict[str, str]:
    request = forge.store.merge_requests.get(pipeline.merge_request_id)
    name = request.source_branch if request else pipeline.ref
    kind = {"CI_COMMIT_TAG": name} if pipeline.tag else {"CI_COMMIT_BRANCH": name}
    return ({} if request else kind) | {
        "CI_COMMIT_SHA": commit.sha,
        "CI_COMMIT_SHORT_SHA": commit.sha[:8],
        "CI_COMMIT_BEFORE_SHA": pipeline.before_sha,
        "CI_COMMIT_REF_NAME": name,
        "CI_COMMIT_REF_SLUG": slug(name),
        "CI_COMMIT_REF_PROTECTED": str(is_protected(forge, pipeline)).lower(),
        "CI_COMMIT_MESSAGE": commit.message,
        "CI_COMMIT_TITLE": commit.title,
        "CI_COMMIT_DESCRIPTION": commit.message.partition("\n")[2].strip(),
        "CI_COMMIT_AUTHOR": f"{commit.author_name} <{commit.author_email}>",
        "CI_COMMIT_TIMESTAMP": zoned(commit.committed_at),
        "CI_PROJECT_CLASSIFICATION_LABEL": "",
        "CI_REPOSITORY_LANGUAGES": "",
        "CI_DEFAULT_BRANCH_SLUG": slug(project.default_branch),
    }


def _pipeline(forge: Forge, project: Project, pipeline: Pipeline) -> dict[str, str]:
    return {
        "CI_PIPELINE_ID": str(pipeline.id),
        "CI_PIPELINE_IID": str(pipeline.iid),
        "CI_PIPELINE_SOURCE": pipeline.source,
        "CI_PIPELINE_CREATED_AT": zoned(pipeline.created_at),
        "CI_PIPELINE_URL": f"{forge.web_url(project)}/-/pipelines/{pipeline.id}",
    }


def _person(user: User) -> dict[str, str]:
    return {
        "GITLAB_USER_ID": str(user.id),
        "GITLAB_USER_LOGIN": user.username,
        "GITLAB_USER_NAME": user.name,
        "GITLAB_USER_EMAIL": user.email,
    }


def of_job(forge: Forge, job: Job, token: str) -> dict[str, str]:
    """What only one job sees."""
    project = forge.store.projects[job.project_id]
    host = forge.registry_host
    environment = {
        "CI_ENVIRONMENT_NAME": job.environment or "",
        "CI_ENVIRONMENT_SLUG": slug(job.environment or "", 24),
    }
    return (environment if job.environment else {}) | {
        "CI_JOB_ID": str(job.id),
        "CI_JOB_NAME": job.name,
        "CI_JOB_NAME_SLUG": slug(job.name),
        "CI_JOB_STAGE": job.stage,
        "CI_JOB_STATUS": "running",
        "CI_JOB_URL": f"{forge.web_url(project)}/-/jobs/{job.id}",
        "CI_JOB_STARTED_AT": zoned(forge.now()),
        "CI_JOB_TOKEN": token,
        "CI_REGISTRY_USER": "gitlab-ci-token",
        "CI_REGISTRY_PASSWORD": token,
        "CI_REPOSITORY_URL": clone_url(forge, project, token),
        "CI_DEPENDENCY_PROXY_SERVER": host,
    }


def clone_url(forge: Forge, project: Project, token: str) -> str:
    """Where a job clones from, with its credentials."""
    scheme, _, host = forge.url.partition("://")
    return f"{scheme}://gitlab-ci-token:{token}@{host}/{forge.full_path(project)}.git"


def is_protected(forge: Forge, pipeline: Pipeline) -> bool:
    """Whether the pipeline runs for a protected branch, and so sees protected variables."""
    project = forge.store.projects[pipeline.project_id]
    request = forge.store.merge_requests.get(pipeline.merge_request_id)
    branches = (request.source_branch, request.target_branch) if request else (pipeline.ref,)
    return not pipeline.tag and all(
        access.protections(forge, project, branch) for branch in branches
    )


def wanted(forge: Forge, pipeline: Pipeline, *, environment: str | None) -> list[Variable]:
    """The set variables that fit, those of outer groups first so that inner ones win."""
    project = forge.store.projects[pipeline.project_id]
    groups = [each.id for each in reversed(forge.ancestors(forge.namespace_of(project)))]
    sources = [*(("group", number) for number in groups), ("project", project.id)]
    protected = is_protected(forge, pipeline)
    found = [
        each
        for each in forge.store.variables.where()
        if (each.source, each.source_id) in sources
        and (protected or not each.protected)
        and _fits(each.environment_scope, environment)
    ]
    return sorted(
        found,
        key=lambda each: (
            sources.index((each.source, each.source_id)),
            len(each.environment_scope),
        ),
    )


def _fits(scope: str, environment: str | None) -> bool:
    if scope == "*":
        return True
    return environment is not None and fnmatch.fnmatchcase(environment, scope)
