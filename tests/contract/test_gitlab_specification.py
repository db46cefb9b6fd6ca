"""Every operation, walked once and held against GitLab's own API document."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from bot.sandbox.gitlab.api import routes
from tests.contract import gitlab_specification as specification
from tests.contract.gitlab_world import World, eventually, world

__all__ = ["world"]

pytestmark = pytest.mark.skipif(
    not specification.DOCUMENT.exists(), reason="GitLab's API document is not beside the checkout"
)
SCRIPT = """
test:
  script: 'echo hello > a.txt'
  environment: demo
  artifacts: {paths: [a.txt]}
broken:
  script: 'false'
  allow_failure: true
manual:
  stage: deploy
  when: manual
  script: 'true'
"""

FOR_REQUESTS = """
test:
  script: 'true'
  rules: [{if: '$CI_MERGE_REQUEST_IID'}]
"""


@dataclass
class Walk:
    """Calls operations and remembers what did not fit."""

    http: httpx.Client
    visited: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def __call__(self, method: str, path: str, body: Any = None, **parts: Any) -> Any:
        """Call a route with the parts of its path; what is left of them is the query."""
        names = [name for name in parts if f"{{{name}}}" in path]
        filled = {name: quote(str(parts[name]), safe="") for name in names}
        query = {key: value for key, value in parts.items() if key not in names}
        url = f"/api/v4{path.format(**filled)}"
        answer = self.http.request(method, url, json=body, params=query)
        self.visited.add((method, path))
        self._check(method, path, answer)
        is_json = answer.headers.get("content-type") == "application/json"
        return answer.json() if is_json and answer.content else answer

    def _check(self, method: str, path: str, answer: httpx.Response) -> None:
        wanted = specification.operation(method, path)
        here = f"{method} {path}"
        if answer.is_error:
            self.problems.append(f"{here}: {answer.status_code} {answer.text[:200]}")
        elif wanted is not None:
            if wanted.statuses and answer.status_code not in wanted.statuses:
                self.problems.append(f"{here}: {answer.status_code}, not {set(wanted.statuses)}")
            if wanted.schema and answer.headers.get("content-type") == "application/json":
                found = specification.problems(answer.json(), wanted.schema)
                self.problems += [f"{here} {each}" for each in found]


def test_every_operation_conforms_to_gitlabs_own_document(world: World) -> None:
    with world.http(world.instance.token) as http:
        walk = Walk(http)
        _instance(walk)
        group = _groups(walk, world.group.id)
        project = _projects(walk, group)
        _members(walk, "group", group)
        _members(walk, "project", project)
        _variables(walk, "group", group)
        _variables(walk, "project", project)
        _tokens(walk, project)
        sha = _code(walk, project)
        _branches(walk, project)
        _hooks(walk, project)
        _merge_requests(walk, project)
        _pipelines(walk, project, sha)
        _registry(walk, project, world)
        walk("POST", "/projects/{id}/archive", id=project)
        walk("POST", "/projects/{id}/unarchive", id=project)
        _deletion(walk, project)
        walk("DELETE", "/groups/{id}", id=group)

    assert "\n".join(walk.problems) == ""
    missing = {(route.method, route.path) for route in routes.ALL} - walk.visited
    # A job's own token is needed for the first; the other would end the administrator's token.
    assert missing == {("GET", "/job"), ("DELETE", "/personal_access_tokens/self")}


def _deletion(walk: Walk, project: int) -> None:
    walk("GET", "/application/settings")
    walk("PUT", "/application/settings", {"deletion_adjourned_period": 7})
    walk("DELETE", "/projects/{id}", id=project)
    walk("POST", "/projects/{id}/restore", id=project)
    walk("PUT", "/application/settings", {"deletion_adjourned_period": 0})
    walk("DELETE", "/projects/{id}", id=project)


def _instance(walk: Walk) -> None:
    walk("GET", "/version")
    walk("GET", "/metadata")
    user = walk("GET", "/user")["id"]
    walk("GET", "/users", search="a")
    walk("GET", "/users/{id}", id=user)
    token = {"name": "t", "scopes": ["read_api"]}
    walk("POST", "/users/{id}/personal_access_tokens", token, id=user)
    walk("GET", "/personal_access_tokens/self")


def _groups(walk: Walk, parent: int) -> int:
    wish = {"name": "walked", "path": "walked", "parent_id": parent, "visibility": "public"}
    group = int(walk("POST", "/groups", wish)["id"])
    walk("GET", "/groups")
    walk("GET", "/groups/{id}", id=group)
    walk("PUT", "/groups/{id}", {"description": "d"}, id=group)
    for inside in ("subgroups", "descendant_groups", "projects"):
        walk("GET", f"/groups/{{id}}/{inside}", id=parent)
    walk("GET", "/namespaces")
    walk("GET", "/namespaces/{id}", id="idp/walked")
    return group


def _projects(walk: Walk, group: int) -> int:
    wish = {"name": "app", "namespace_id": group, "initialize_with_readme": True, "topics": ["t"]}
    project = int(walk("POST", "/projects", wish)["id"])
    walk("GET", "/projects")
    walk("GET", "/projects/{id}", id="idp/walked/app")
    walk("PUT", "/projects/{id}", {"description": "d"}, id=project)
    return project


def _members(walk: Walk, kind: str, owner: int) -> None:
    base = f"/{kind}s/{{id}}/members"
    user = walk("GET", "/users", username="ada")[0]["id"]
    walk("POST", base, {"user_id": user, "access_level": 30}, id=owner)
    walk("GET", base, id=owner)
    walk("GET", f"{base}/all", id=owner)
    walk("GET", f"{base}/{{user_id}}", id=owner, user_id=user)
    walk("GET", f"{base}/all/{{user_id}}", id=owner, user_id=user)
    walk("PUT", f"{base}/{{user_id}}", {"access_level": 40}, id=owner, user_id=user)
    walk("DELETE", f"{base}/{{user_id}}", id=owner, user_id=user)


def _variables(walk: Walk, kind: str, owner: int) -> None:
    base = f"/{kind}s/{{id}}/variables"
    walk("POST", base, {"key": "K", "value": "v"}, id=owner)
    walk("GET", base, id=owner)
    walk("GET", f"{base}/{{key}}", id=owner, key="K")
    walk("PUT", f"{base}/{{key}}", {"value": "w"}, id=owner, key="K")
    walk("DELETE", f"{base}/{{key}}", id=owner, key="K")


def _tokens(walk: Walk, project: int) -> None:
    base = "/projects/{id}/access_tokens"
    token = {"name": "t", "scopes": ["api"], "access_level": 30}
    made = walk("POST", base, token, id=project)["id"]
    walk("GET", base, id=project)
    walk("GET", f"{base}/{{token_id}}", id=project, token_id=made)
    fresh = walk("POST", f"{base}/{{token_id}}/rotate", id=project, token_id=made)["id"]
    walk("DELETE", f"{base}/{{token_id}}", id=project, token_id=fresh)
    base = "/projects/{id}/deploy_tokens"
    made = walk("POST", base, {"name": "t", "scopes": ["read_repository"]}, id=project)["id"]
    walk("GET", base, id=project)
    walk("GET", f"{base}/{{token_id}}", id=project, token_id=made)
    walk("DELETE", f"{base}/{{token_id}}", id=project, token_id=made)


def _code(walk: Walk, project: int) -> str:
    base = "/projects/{id}/repository"
    create = {"action": "create", "file_path": "d/f", "content": "1\n"}
    wish = {"branch": "main", "commit_message": "c\n\nA: b", "actions": [create]}
    sha = str(walk("POST", f"{base}/commits", wish, id=project)["id"])
    walk("GET", f"{base}/commits", id=project)
    for more in ("", "/diff", "/refs"):
        walk("GET", f"{base}/commits/{{sha}}{more}", id=project, sha=sha)
    file = {"id": project, "file_path": "d/g"}
    change = {"branch": "main", "commit_message": "c", "content": "2"}
    walk("POST", f"{base}/files/{{file_path}}", change, **file)
    walk("PUT", f"{base}/files/{{file_path}}", change, **file)
    found = walk("GET", f"{base}/files/{{file_path}}", **file, ref="main")
    walk("HEAD", f"{base}/files/{{file_path}}", **file, ref="main")
    walk("GET", f"{base}/files/{{file_path}}/raw", **file, ref="main")
    walk("DELETE", f"{base}/files/{{file_path}}", change, **file)
    walk("GET", f"{base}/tree", id=project, recursive="true")
    walk("GET", f"{base}/blobs/{{sha}}", id=project, sha=found["blob_id"])
    walk("GET", f"{base}/blobs/{{sha}}/raw", id=project, sha=found["blob_id"])
    for kind in ("", ".tar.gz", ".zip"):
        walk("GET", f"{base}/archive{kind}", id=project)
    return sha


def _branches(walk: Walk, project: int) -> None:
    base = "/projects/{id}/repository"
    walk("POST", f"{base}/branches", {"branch": "b/x", "ref": "main"}, id=project)
    walk("GET", f"{base}/branches", id=project)
    walk("GET", f"{base}/branches/{{branch}}", id=project, branch="b/x")
    walk("HEAD", f"{base}/branches/{{branch}}", id=project, branch="b/x")
    walk("DELETE", f"{base}/branches/{{branch}}", id=project, branch="b/x")
    walk("POST", f"{base}/tags", {"tag_name": "v1", "ref": "main", "message": "m"}, id=project)
    walk("GET", f"{base}/tags", id=project)
    walk("GET", f"{base}/tags/{{tag}}", id=project, tag="v1")
    walk("GET", f"{base}/compare", id=project, **{"from": "main~1", "to": "main"})
    walk("DELETE", f"{base}/tags/{{tag}}", id=project, tag="v1")
    base = "/projects/{id}/protected_branches"
    walk("POST", base, {"name": "r/*"}, id=project)
    walk("GET", base, id=project)
    walk("GET", f"{base}/{{name}}", id=project, name="r/*")
    walk("PATCH", f"{base}/{{name}}", {"allow_force_push": True}, id=project, name="r/*")
    walk("DELETE", f"{base}/{{name}}", id=project, name="r/*")


def _hooks(walk: Walk, project: int) -> None:
    base = "/projects/{id}/hooks"
    url = {"url": "http://127.0.0.1:9/x"}
    hook = walk("POST", base, url | {"name": "h"}, id=project)["id"]
    one = {"id": project, "hook_id": hook}
    walk("GET", base, id=project)
    walk("GET", f"{base}/{{hook_id}}", **one)
    walk("PUT", f"{base}/{{hook_id}}", url | {"job_events": True}, **one)
    walk("POST", f"{base}/{{hook_id}}/test/{{trigger}}", **one, trigger="push_events")
    eventually(lambda: walk("GET", f"{base}/{{hook_id}}/events", **one))
    event = walk("GET", f"{base}/{{hook_id}}/events", **one)[0]["id"]
    walk("POST", f"{base}/{{hook_id}}/events/{{event_id}}/resend", **one, event_id=event)
    walk("DELETE", f"{base}/{{hook_id}}", **one)


def _merge_requests(walk: Walk, project: int) -> None:
    base = "/projects/{id}/merge_requests"
    create = {"action": "create", "file_path": "mr", "content": "1\n"}
    wish = {"branch": "side", "start_branch": "main", "commit_message": "c", "actions": [create]}
    walk("POST", "/projects/{id}/repository/commits", wish, id=project)
    asked = {"source_branch": "side", "target_branch": "main", "title": "t"}
    request = walk("POST", base, asked, id=project)["iid"]
    one = {"id": project, "iid": request}
    walk("GET", base, id=project)
    walk("GET", f"{base}/{{iid}}", **one)
    walk("PUT", f"{base}/{{iid}}", {"description": "d"}, **one)
    for more in ("diffs", "changes", "commits", "pipelines", "notes"):
        walk("GET", f"{base}/{{iid}}/{more}", **one)
    walk("POST", f"{base}/{{iid}}/notes", {"body": "b"}, **one)
    walk("POST", f"{base}/{{iid}}/approve", **one)
    walk("PUT", f"{base}/{{iid}}/rebase", **one)
    walk("PUT", f"{base}/{{iid}}/merge", **one)


def _pipelines(walk: Walk, project: int, sha: str) -> None:
    base = "/projects/{id}/pipelines"
    walk("POST", "/projects/{id}/ci/lint", {"content": SCRIPT, "include_jobs": True}, id=project)
    change = {"branch": "main", "commit_message": "c", "content": SCRIPT}
    file = {"id": project, "file_path": ".gitlab-ci.yml"}
    walk("POST", "/projects/{id}/repository/files/{file_path}", change, **file)
    walk("GET", "/projects/{id}/ci/lint", id=project)
    started = walk("GET", base, id=project)[0]["id"]
    one = {"id": project, "pipeline_id": started}
    eventually(lambda: walk("GET", f"{base}/{{pipeline_id}}", **one)["status"] == "success")
    walk("GET", f"{base}/latest", id=project)
    walk("GET", f"{base}/{{pipeline_id}}/variables", **one)
    jobs = {j["name"]: j["id"] for j in walk("GET", f"{base}/{{pipeline_id}}/jobs", **one)}
    _artifacts(walk, project, jobs["test"])
    _jobs(walk, project, jobs)
    _environments(walk, project)
    _merge_pipelines(walk, project)
    walk("POST", f"{base}/{{pipeline_id}}/retry", **one)
    walk("POST", f"{base}/{{pipeline_id}}/cancel", **one)
    by_hand = walk("POST", "/projects/{id}/pipeline", {"ref": "main"}, id=project)["id"]
    walk("DELETE", f"{base}/{{pipeline_id}}", id=project, pipeline_id=by_hand)
    status = {"state": "success", "name": "scan"}
    walk("POST", "/projects/{id}/statuses/{sha}", status, id=project, sha=sha)
    walk("GET", "/projects/{id}/repository/commits/{sha}/statuses", id=project, sha=sha)
    walk("GET", "/projects/{id}/repository/commits/{sha}", id=project, sha="main")


def _jobs(walk: Walk, project: int, jobs: dict[str, int]) -> None:
    walk("GET", "/projects/{id}/jobs", id=project)
    walk("GET", "/projects/{id}/jobs/{job_id}", id=project, job_id=jobs["test"])
    walk("GET", "/projects/{id}/jobs/{job_id}/trace", id=project, job_id=jobs["test"])
    walk("POST", "/projects/{id}/jobs/{job_id}/play", id=project, job_id=jobs["manual"])
    walk("POST", "/projects/{id}/jobs/{job_id}/retry", id=project, job_id=jobs["broken"])
    walk("POST", "/projects/{id}/jobs/{job_id}/cancel", id=project, job_id=jobs["test"])


def _artifacts(walk: Walk, project: int, job: int) -> None:
    base = "/projects/{id}/jobs/artifacts/{ref_name}"
    latest = {"id": project, "ref_name": "main", "job": "test"}
    walk("GET", f"{base}/download", **latest)
    walk("GET", f"{base}/raw/a.txt", **latest)
    one = {"id": project, "job_id": job}
    walk("GET", "/projects/{id}/jobs/{job_id}/artifacts", **one)
    walk("GET", "/projects/{id}/jobs/{job_id}/artifacts/a.txt", **one)
    walk("DELETE", "/projects/{id}/jobs/{job_id}/artifacts", **one)
    # The paths behind the artifacts are no part of a route's name.
    for path in (f"{base}/raw", "/projects/{id}/jobs/{job_id}/artifacts"):
        walk.visited.add(("GET", f"{path}/{{*artifact_path}}"))


def _environments(walk: Walk, project: int) -> None:
    base = "/projects/{id}/environments"
    walk("GET", base, id=project)
    made = walk("POST", base, {"name": "qa"}, id=project)["id"]
    one = {"id": project, "environment_id": made}
    walk("GET", f"{base}/{{environment_id}}", **one)
    walk("PUT", f"{base}/{{environment_id}}", {"description": "d"}, **one)
    walk("POST", f"{base}/{{environment_id}}/stop", **one)
    walk("DELETE", f"{base}/{{environment_id}}", **one)
    base = "/projects/{id}/deployments"
    deployed = walk("GET", base, id=project)[0]["id"]
    walk("GET", f"{base}/{{deployment_id}}", id=project, deployment_id=deployed)


def _merge_pipelines(walk: Walk, project: int) -> None:
    change = {"action": "update", "file_path": ".gitlab-ci.yml", "content": FOR_REQUESTS}
    wish = {"branch": "ruled", "start_branch": "main", "commit_message": "c", "actions": [change]}
    walk("POST", "/projects/{id}/repository/commits", wish, id=project)
    asked = {"source_branch": "ruled", "target_branch": "main", "title": "t"}
    made = walk("POST", "/projects/{id}/merge_requests", asked, id=project)["iid"]
    walk("POST", "/projects/{id}/merge_requests/{iid}/pipelines", id=project, iid=made)


def _registry(walk: Walk, project: int, world: World) -> None:
    base = "/projects/{id}/registry/repositories"
    image = "idp/walked/app"
    manifest = {"schemaVersion": 2, "config": {"size": 2, "digest": "sha256:0"}, "layers": []}
    with world.http() as http:
        pushed = http.put(
            f"/v2/{image}/manifests/v1", json=manifest, auth=("any", world.instance.token)
        )
    assert pushed.status_code == 201
    found = walk("GET", base, id=project, tags="true", tags_count="true")[0]["id"]
    one = {"id": project, "repository_id": found}
    walk("GET", f"{base}/{{repository_id}}/tags", **one)
    walk("GET", f"{base}/{{repository_id}}/tags/{{tag_name}}", **one, tag_name="v1")
    walk("DELETE", f"{base}/{{repository_id}}/tags/{{tag_name}}", **one, tag_name="v1")
    walk("DELETE", f"{base}/{{repository_id}}", **one)
