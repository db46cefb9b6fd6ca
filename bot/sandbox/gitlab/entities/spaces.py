"""Groups, namespaces and projects."""

from typing import Any

from bot.sandbox.gitlab import access
from bot.sandbox.gitlab.entities.times import iso
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Namespace, Project, Visibility

_FEATURES = (
    "issues",
    "repository",
    "merge_requests",
    "forking",
    "wiki",
    "builds",
    "snippets",
    "analytics",
    "container_registry",
    "releases",
    "environments",
    "feature_flags",
    "infrastructure",
    "monitor",
    "model_experiments",
    "model_registry",
)
_SETTINGS: dict[str, Any] = {
    **{f"{feature}_access_level": "enabled" for feature in _FEATURES},
    "pages_access_level": "private",
    "security_and_compliance_access_level": "private",
    "packages_enabled": True,
    "issues_enabled": True,
    "merge_requests_enabled": True,
    "wiki_enabled": True,
    "jobs_enabled": True,
    "snippets_enabled": True,
    "container_registry_enabled": True,
    "service_desk_enabled": False,
    "shared_runners_enabled": True,
    "group_runners_enabled": True,
    "lfs_enabled": True,
    "resolve_outdated_diff_discussions": False,
    "request_access_enabled": True,
    "only_allow_merge_if_pipeline_succeeds": False,
    "allow_merge_on_skipped_pipeline": None,
    "only_allow_merge_if_all_discussions_are_resolved": False,
    "remove_source_branch_after_merge": True,
    "printing_merge_request_link_enabled": True,
    "merge_method": "merge",
    "squash_option": "default_off",
    "auto_devops_enabled": False,
    "auto_cancel_pending_pipelines": "enabled",
    "build_timeout": 3600,
    "build_git_strategy": "fetch",
    "ci_config_path": None,
    "ci_default_git_depth": 20,
    "ci_forward_deployment_enabled": True,
    "ci_job_token_scope_enabled": False,
    "ci_push_repository_for_job_token_allowed": False,
    "keep_latest_artifact": True,
    "public_jobs": True,
    "suggestion_commit_message": None,
    "merge_commit_template": None,
    "squash_commit_template": None,
    "autoclose_referenced_issues": True,
    "emails_enabled": True,
}
SETTABLE = frozenset(_SETTINGS)


def group_url(forge: Forge, group: Namespace) -> str:
    """A group's page; a user's namespace is their own page."""
    prefix = "groups/" if group.kind == "group" else ""
    return f"{forge.url}/{prefix}{group.full_path}"


def namespace(forge: Forge, record: Namespace) -> dict[str, Any]:
    """A namespace beside a project."""
    return {
        "id": record.id,
        "name": record.name,
        "path": record.path,
        "kind": record.kind,
        "full_path": record.full_path,
        "parent_id": record.parent_id,
        "avatar_url": None,
        "web_url": group_url(forge, record),
    }


def group(forge: Forge, record: Namespace) -> dict[str, Any]:
    """A group."""
    return {
        "id": record.id,
        "web_url": group_url(forge, record),
        "name": record.name,
        "path": record.path,
        "description": record.description,
        "visibility": record.visibility,
        "share_with_group_lock": False,
        "require_two_factor_authentication": False,
        "two_factor_grace_period": 48,
        "project_creation_level": record.project_creation_level,
        "auto_devops_enabled": None,
        "subgroup_creation_level": record.subgroup_creation_level,
        "emails_disabled": False,
        "emails_enabled": True,
        "mentions_disabled": None,
        "lfs_enabled": True,
        "default_branch": record.default_branch,
        "default_branch_protection": 2,
        "avatar_url": None,
        "request_access_enabled": True,
        "full_name": record.full_name,
        "full_path": record.full_path,
        "created_at": iso(record.created_at),
        "parent_id": record.parent_id,
        "organization_id": 1,
        "shared_runners_setting": "enabled",
    }


def simple(forge: Forge, record: Project) -> dict[str, Any]:
    """A project in a list that asked for little."""
    space = forge.namespace_of(record)
    path, url = forge.full_path(record), forge.web_url(record)
    home = f"{url}/-/blob/{record.default_branch}"
    return {
        "id": record.id,
        "description": record.description,
        "name": record.name,
        "name_with_namespace": f"{space.full_name} / {record.name}",
        "path": record.path,
        "path_with_namespace": path,
        "created_at": iso(record.created_at),
        "default_branch": record.default_branch,
        "tag_list": list(record.topics),
        "topics": list(record.topics),
        "ssh_url_to_repo": f"git@{forge.registry_host.split(':')[0]}:{path}.git",
        "http_url_to_repo": f"{url}.git",
        "web_url": url,
        "readme_url": f"{home}/{record.readme}" if record.readme else None,
        "forks_count": 0,
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": iso(record.last_activity_at),
        "namespace": namespace(forge, space),
    }


def project(forge: Forge, record: Project) -> dict[str, Any]:
    """A project."""
    api = f"{forge.url}/api/v4/projects/{record.id}"
    parts = ("merge_requests", "repo_branches", "labels", "events", "members")
    links = {part: f"{api}/{part.replace('repo_', 'repository/')}" for part in parts}
    image_prefix = f"{forge.registry_host}/{forge.full_path(record).lower()}"
    return (
        simple(forge, record)
        | _SETTINGS
        | record.settings
        | {
            "container_registry_image_prefix": image_prefix,
            "visibility": record.visibility,
            "_links": {"self": api} | links,
            "empty_repo": not record.refs,
            "archived": record.archived,
            "creator_id": record.creator_id,
            "import_status": "none",
            "open_issues_count": 0,
            "can_create_merge_request_in": True,
            "updated_at": iso(record.last_activity_at),
            "ci_job_token_scope_enabled": False,
            "shared_with_groups": [],
            "repository_object_format": "sha1",
        }
        | _deletion(forge, record)
    )


def _deletion(forge: Forge, record: Project) -> dict[str, Any]:
    """When the project was marked for deletion; shown where deletion is delayed, and nowhere else."""
    marked = record.marked_for_deletion_on
    if not (forge.settings.deletion_adjourned_period or marked):
        return {}
    shown = marked and marked.isoformat()
    return {"marked_for_deletion_at": shown, "marked_for_deletion_on": shown}


def permissions(forge: Forge, record: Project, caller: access.Caller) -> dict[str, Any]:
    """What the caller may do in a project, shown with a single one."""
    inherited = access.level_in_group(forge, caller, forge.namespace_of(record))
    own = access.level_in_project(forge, caller, record)

    def shown(level: int) -> dict[str, int] | None:
        return {"access_level": level, "notification_level": 3} if level else None

    return {
        "permissions": {
            "project_access": shown(own) if own > inherited else None,
            "group_access": shown(inherited),
        }
    }


def allowed_visibilities(parent: Namespace | None) -> list[Visibility]:
    """How open something in a group may be: never more than the group."""
    limit = parent.visibility if parent and parent.kind == "group" else Visibility.PUBLIC
    return [each for each in Visibility if each.rank <= limit.rank]
