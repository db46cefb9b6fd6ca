"""Merge requests and notes."""

from typing import Any

from bot.sandbox.gitlab import merge_requests
from bot.sandbox.gitlab.entities import people, runs
from bot.sandbox.gitlab.entities.times import iso
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import MergeRequest, Note

_UNUSED: dict[str, Any] = {
    "upvotes": 0,
    "downvotes": 0,
    "imported": False,
    "imported_from": "none",
    "milestone": None,
    "merge_after": None,
    "discussion_locked": None,
    "should_remove_source_branch": None,
    "time_stats": {
        "time_estimate": 0,
        "total_time_spent": 0,
        "human_time_estimate": None,
        "human_total_time_spent": None,
    },
    "task_completion_status": {"count": 0, "completed_count": 0},
    "blocking_discussions_resolved": True,
}
_MERGE_STATUS = {"conflict": "cannot_be_merged", "checking": "checking"}


def url(forge: Forge, request: MergeRequest) -> str:
    """The merge request's page."""
    return (
        f"{forge.web_url(forge.store.projects[request.project_id])}/-/merge_requests/{request.iid}"
    )


def basic(forge: Forge, request: MergeRequest) -> dict[str, Any]:
    """A merge request in a list."""
    return {
        "id": request.id,
        "iid": request.iid,
        "project_id": request.project_id,
        "title": request.title,
        "description": request.description,
        "state": request.state,
        "created_at": iso(request.created_at),
        "updated_at": iso(request.updated_at),
        "target_branch": request.target_branch,
        "source_branch": request.source_branch,
        "source_project_id": request.project_id,
        "target_project_id": request.project_id,
        "labels": list(request.labels),
        "sha": request.sha,
        "merge_commit_sha": request.merge_commit_sha,
        "squash_commit_sha": request.squash_commit_sha,
        "force_remove_source_branch": request.remove_source_branch,
        "squash": request.squash,
        "squash_on_merge": request.squash,
        "has_conflicts": request.has_conflicts,
        "merge_when_pipeline_succeeds": request.auto_merge,
        "prepared_at": iso(request.created_at),
        "user_notes_count": len(notes_of(forge, request)),
        "web_url": url(forge, request),
        **_people(forge, request),
        **_readiness(forge, request),
        **_reference(forge, request),
        **_UNUSED,
    }


def _people(forge: Forge, request: MergeRequest) -> dict[str, Any]:
    users = forge.store.users
    assignees = [people.basic(forge, users[each]) for each in request.assignee_ids]
    merged_by = people.basic_by_id(forge, request.merge_user_id)
    return {
        "author": people.basic_by_id(forge, request.author_id),
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "reviewers": [people.basic(forge, users[each]) for each in request.reviewer_ids],
        "merged_by": merged_by,
        "merge_user": merged_by,
        "merged_at": iso(request.merged_at),
        "closed_by": people.basic_by_id(forge, request.closed_by_id),
        "closed_at": iso(request.closed_at),
    }


def _readiness(forge: Forge, request: MergeRequest) -> dict[str, Any]:
    detailed = merge_requests.detailed_status(forge, request)
    draft = merge_requests.is_draft(request)
    return {
        "draft": draft,
        "work_in_progress": draft,
        "merge_status": _MERGE_STATUS.get(detailed, "can_be_merged"),
        "detailed_merge_status": detailed,
    }


def _reference(forge: Forge, request: MergeRequest) -> dict[str, Any]:
    short = f"!{request.iid}"
    path = forge.full_path(forge.store.projects[request.project_id])
    references = {"short": short, "relative": short, "full": f"{path}{short}"}
    return {"reference": short, "references": references}


def full(forge: Forge, request: MergeRequest, changed: int) -> dict[str, Any]:
    """A merge request by itself."""
    pipeline = merge_requests.head_pipeline(forge, request)
    return basic(forge, request) | {
        "subscribed": False,
        "changes_count": str(changed) if changed else None,
        "latest_build_started_at": iso(pipeline.started_at) if pipeline else None,
        "latest_build_finished_at": iso(pipeline.finished_at) if pipeline else None,
        "first_deployed_to_production_at": None,
        "pipeline": runs.basic(forge, pipeline) if pipeline else None,
        "head_pipeline": runs.full(forge, pipeline) if pipeline else None,
        "diff_refs": {
            "base_sha": request.target_sha,
            "head_sha": request.sha,
            "start_sha": request.target_sha,
        },
        "merge_error": request.merge_error,
        "rebase_in_progress": False,
        "first_contribution": False,
        "user": {"can_merge": True},
    }


def approvals(forge: Forge, request: MergeRequest) -> dict[str, Any]:
    """Who says that it is good."""
    users = [forge.store.users[each] for each in request.approver_ids]
    return {
        "user_has_approved": True,
        "user_can_approve": False,
        "approved": True,
        "approved_by": [{"user": people.basic(forge, user)} for user in users],
    }


def notes_of(forge: Forge, request: MergeRequest) -> list[Note]:
    """What people wrote."""
    return forge.store.notes.where(
        lambda note: note.project_id == request.project_id and note.merge_request_iid == request.iid
    )


def note(forge: Forge, request: MergeRequest, record: Note) -> dict[str, Any]:
    """A comment."""
    return {
        "id": record.id,
        "type": None,
        "body": record.body,
        "attachment": None,
        "author": people.basic_by_id(forge, record.author_id),
        "created_at": iso(record.created_at),
        "updated_at": iso(record.created_at),
        "system": record.system,
        "noteable_id": request.id,
        "noteable_type": "MergeRequest",
        "noteable_iid": request.iid,
        "project_id": request.project_id,
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "imported": False,
        "imported_from": "none",
        "commands_changes": {},
    }
