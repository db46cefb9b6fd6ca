"""Pipelines that really run, with the variables, tokens and images that real jobs have."""

from pathlib import Path

import gitlab
import pytest

from tests.contract.gitlab_world import (
    World,
    ci,
    commit,
    eventually,
    finished,
    git,
    message,
    world,
)

__all__ = ["world"]

TWO_STAGES = """
stages: [verify, deploy]
test:
  stage: verify
  script: [echo "testing $CI_PROJECT_PATH at $CI_COMMIT_SHORT_SHA"]
deploy:
  stage: deploy
  environment: development
  script: [echo deployed]
"""
WAITING = """
wait:
  script: 'while [ ! -e {0} ]; do sleep 0.05; done'
after:
  stage: deploy
  script: 'true'
"""


def states(world: World, project_id: int, pipeline_id: int) -> dict[str, str]:
    pipeline = world.admin.projects.get(project_id).pipelines.get(pipeline_id)
    return {job.name: job.status for job in pipeline.jobs.list(get_all=True)}


def test_a_commit_starts_a_pipeline_whose_jobs_really_run(world: World) -> None:
    project = world.project()

    started = ci(project, TWO_STAGES)
    ended = finished(project, started.id)

    assert (ended.status, ended.source, ended.ref) == ("success", "push", "main")
    assert ended.duration is not None
    assert ended.web_url == f"{project.web_url}/-/pipelines/{ended.id}"
    jobs = {job.name: job for job in ended.jobs.list(get_all=True)}
    assert {name: job.stage for name, job in jobs.items()} == {"test": "verify", "deploy": "deploy"}
    trace = project.jobs.get(jobs["test"].id).trace()
    assert isinstance(trace, bytes)
    assert f"testing {project.path_with_namespace} at {ended.sha[:8]}" in trace.decode()
    assert project.commits.get(ended.sha).last_pipeline["status"] == "success"


def test_a_push_starts_one_too_unless_its_message_says_no(world: World, tmp_path: Path) -> None:
    project = world.project()
    git("clone", world.clone_url(project, world.instance.token), "work", cwd=tmp_path)
    work = tmp_path / "work"
    git("switch", "-c", "main", cwd=work)
    (work / ".gitlab-ci.yml").write_text("test:\n  script: 'true'\n")
    git("add", ".", cwd=work)
    git("commit", "-m", "First", cwd=work)
    git("push", "-u", "origin", "main", cwd=work)
    git("commit", "--allow-empty", "-m", "Second [skip ci]", cwd=work)
    git("push", cwd=work)

    second, first = project.pipelines.list(get_all=True)

    assert finished(project, first.id).status == "success"
    assert second.status == "skipped"


def test_a_commit_without_a_configuration_starts_none(world: World) -> None:
    project = world.project()
    commit(project, README="x")

    assert project.pipelines.list(get_all=True) == []
    with pytest.raises(gitlab.GitlabCreateError) as refused:
        project.pipelines.create({"ref": "main"})
    assert message(refused) == {"base": ["Missing CI config file"]}


def test_a_configuration_that_cannot_be_used_makes_a_failed_pipeline(world: World) -> None:
    project = world.project()

    pipeline = ci(project, "test:\n  stage: nowhere\n  script: x\n")

    found = project.pipelines.get(pipeline.id)
    assert found.status == "failed"
    assert "chosen stage nowhere does not exist" in found.yaml_errors
    assert found.jobs.list(get_all=True) == []


def test_the_linter_says_what_is_wrong(world: World) -> None:
    project = world.project()
    commit(project, README="x")

    good = project.ci_lint.create({"content": TWO_STAGES})
    bad = project.ci_lint.create({"content": "test:\n  stage: nowhere\n  script: x\n"})

    assert (good.valid, good.errors) == (True, [])
    assert not bad.valid
    assert "nowhere" in bad.errors[0]


def test_masked_variables_do_not_reach_the_log(world: World) -> None:
    project = world.project()
    project.variables.create({"key": "SECRET", "value": "hunter2hunter2", "masked": True})

    pipeline = finished(project, ci(project, 'test:\n  script: echo "it is <$SECRET>"\n').id)

    trace = project.jobs.get(pipeline.jobs.list(get_all=True)[0].id).trace()
    assert isinstance(trace, bytes)
    assert "it is <[MASKED]>" in trace.decode()


def test_protected_variables_are_for_protected_branches(world: World) -> None:
    project = world.project()
    project.variables.create({"key": "ONLY_MAIN", "value": "yes", "protected": True})
    script = 'test:\n  script: test "$ONLY_MAIN" = yes\n'

    on_main = ci(project, script)
    project.branches.create({"branch": "side", "ref": "main"})
    on_side = project.pipelines.list(ref="side", get_all=True)[0]

    assert finished(project, on_main.id).status == "success"
    assert finished(project, on_side.id).status == "failed"


def test_variables_of_type_file_are_files_and_inner_groups_win(world: World) -> None:
    project = world.project()
    world.group.variables.create({"key": "WHO", "value": "group"})
    project.variables.create({"key": "WHO", "value": "project"})
    project.variables.create({"key": "FILE", "value": "content", "variable_type": "file"})
    script = 'test:\n  script: [test "$WHO" = project, test "$(cat "$FILE")" = content]\n'

    assert finished(project, ci(project, script).id).status == "success"
    world.group.variables.delete("WHO")


def test_a_failed_job_is_retried_as_another_job(world: World, tmp_path: Path) -> None:
    project = world.project()
    mark = tmp_path / "mark"
    script = f"test:\n  script: test -e {mark}\nafter:\n  stage: deploy\n  script: 'true'\n"
    pipeline = finished(project, ci(project, script).id)
    failed = next(j for j in pipeline.jobs.list(get_all=True) if j.name == "test")
    assert (failed.status, failed.failure_reason) == ("failed", "script_failure")
    assert states(world, project.id, pipeline.id)["after"] == "skipped"
    mark.touch()

    project.jobs.get(failed.id).retry()
    ended = finished(project, pipeline.id)

    assert ended.status == "success"
    assert states(world, project.id, pipeline.id) == {"test": "success", "after": "success"}
    everything = ended.jobs.list(include_retried=True, get_all=True)
    assert sorted(j.status for j in everything if j.name == "test") == ["failed", "success"]


def test_a_pipeline_is_retried_and_cancelled(world: World, tmp_path: Path) -> None:
    project = world.project()
    pipeline = ci(project, WAITING.format(tmp_path / "go"))
    eventually(lambda: states(world, project.id, pipeline.id)["wait"] == "running")

    project.pipelines.get(pipeline.id).cancel()
    assert finished(project, pipeline.id).status == "canceled"
    assert states(world, project.id, pipeline.id) == {"wait": "canceled", "after": "canceled"}

    (tmp_path / "go").touch()
    project.pipelines.get(pipeline.id).retry()
    assert finished(project, pipeline.id).status == "success"


def test_a_manual_job_waits_until_it_is_played(world: World) -> None:
    project = world.project()
    script = "build:\n  script: 'true'\nship:\n  stage: deploy\n  when: manual\n  allow_failure: false\n  script: 'true'\n"
    pipeline = finished(project, ci(project, script).id)
    assert pipeline.status == "manual"

    ship = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "ship")
    project.jobs.get(ship.id).play()

    eventually(lambda: project.pipelines.get(pipeline.id).status == "success")


def test_a_pipeline_is_started_by_hand_with_variables(world: World) -> None:
    project = world.project()
    finished(project, ci(project, 'test:\n  script: test "${WISH:-none}" != bad\n').id)

    made = project.pipelines.create({"ref": "main", "variables": [{"key": "WISH", "value": "bad"}]})

    assert made.source == "api"
    assert finished(project, made.id).status == "failed"
    assert [(v.key, v.value) for v in made.variables.list(get_all=True)] == [("WISH", "bad")]


def test_the_jobs_own_token_clones_and_asks_who_it_is(world: World) -> None:
    project, library = world.project(visibility="private"), world.project()
    commit(library, lib="code")
    script = f"""
test:
  script:
    - git clone -q "http://gitlab-ci-token:$CI_JOB_TOKEN@$CI_SERVER_FQDN/{library.path_with_namespace}.git" lib
    - test "$(cat lib/lib)" = code
    - 'curl -sf -H "JOB-TOKEN: $CI_JOB_TOKEN" "$CI_API_V4_URL/job" | grep -q "\\"name\\":\\"test\\""'
    - '! curl -sf -H "JOB-TOKEN: $CI_JOB_TOKEN" "$CI_API_V4_URL/projects"'
"""
    pipeline = finished(project, ci(project, script).id)
    trace = project.jobs.get(pipeline.jobs.list(get_all=True)[0].id).trace()
    assert isinstance(trace, bytes)

    assert pipeline.status == "success", trace.decode()


def test_an_image_that_a_job_pushes_is_in_the_registry(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, Dockerfile='FROM scratch\nCOPY app /app\nCMD ["/app"]\n', app="program")
    script = """
build:
  script:
    - buildah login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
    - buildah build -t "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA" .
    - buildah push --digestfile digest "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHORT_SHA"
"""
    pipeline = finished(project, ci(project, script).id)
    trace = project.jobs.get(pipeline.jobs.list(get_all=True)[0].id).trace()
    assert isinstance(trace, bytes)
    assert pipeline.status == "success", trace.decode()

    repository = project.repositories.list(tags_count=True, get_all=True)[0]
    tag = repository.tags.get(pipeline.sha[:8])

    assert repository.path == project.path_with_namespace
    assert repository.tags_count == 1
    assert tag.location == f"{world.instance.registry}/{repository.path}:{tag.name}"
    with world.http() as http:
        url = f"/v2/{repository.path}/manifests/{tag.name}"
        assert http.get(url).status_code == 401
        manifest = http.get(url, auth=("any", world.instance.read_token))
        layer = manifest.json()["layers"][0]["digest"]
        blob = http.get(
            f"/v2/{repository.path}/blobs/{layer}", auth=("any", world.instance.read_token)
        )
    assert manifest.headers["docker-content-digest"] == tag.digest
    assert blob.status_code == 200


def test_outside_checks_report_the_status_of_a_commit(world: World) -> None:
    project = world.project()
    made = commit(project, README="x")
    project.commits.get(made.id).statuses.create({"state": "running", "name": "scan"})

    project.commits.get(made.id).statuses.create({"state": "success", "name": "scan"})

    found = project.commits.get(made.id).statuses.list(get_all=True)
    assert [(each.name, each.status) for each in found] == [("scan", "success")]


def test_a_deleted_project_takes_its_running_jobs_with_it(world: World, tmp_path: Path) -> None:
    project = world.project()
    mark = tmp_path / "alive"
    pipeline = ci(project, f"test:\n  script: 'while true; do touch {mark}; sleep 0.05; done'\n")
    eventually(mark.exists)

    project.delete()
    mark.unlink(missing_ok=True)

    with pytest.raises(gitlab.GitlabGetError):
        world.admin.projects.get(project.id).pipelines.get(pipeline.id)
    with pytest.raises(AssertionError, match="never came true"):
        eventually(mark.exists, seconds=0.5)
