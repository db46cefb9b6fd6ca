"""Environments and deployments, which jobs with `environment:` make and move."""

from pathlib import Path

import gitlab
import pytest

from tests.contract.gitlab_world import (
    World,
    ci,
    commit,
    eventually,
    finished,
    receiver,
    world,
)

__all__ = ["world"]

SHIPS = """
stages: [build, ship]
ship:
  stage: ship
  resource_group: production
  environment: {name: production, url: "https://$CI_PROJECT_NAME.localhost"}
  script: 'until [ -e WAIT ]; do sleep 0.05; done'
build:
  stage: build
  script: 'true'
"""


def ships(place: Path) -> str:
    return SHIPS.replace("WAIT", str(place))


def test_a_job_with_an_environment_is_a_deployment_to_it(world: World, tmp_path: Path) -> None:
    project = world.project()
    with receiver() as told:
        project.hooks.create({"url": told.url, "deployment_events": True})
        pipeline = ci(project, ships(tmp_path / "go"))
        eventually(lambda: project.deployments.list(get_all=True)[0].status == "running")
        (tmp_path / "go").touch()
        finished(project, pipeline.id)
        eventually(lambda: len(told.of("Deployment Hook")) == 2)

        first, second = told.of("Deployment Hook")
    assert [first["status"], second["status"]] == ["running", "success"]
    assert (second["environment"], second["environment_tier"]) == ("production", "production")
    assert second["short_sha"] == pipeline.sha[:8]
    [deployment] = project.deployments.list(environment="production", get_all=True)
    assert (deployment.status, deployment.sha, deployment.iid) == ("success", pipeline.sha, 1)
    assert deployment.deployable["name"] == "ship"
    [environment] = project.environments.list(get_all=True)
    assert environment.external_url == f"https://{project.name}.localhost"
    assert (environment.state, environment.slug) == ("available", "production")
    last = project.environments.get(environment.id).last_deployment
    assert last["id"] == deployment.id == project.deployments.get(deployment.id).id
    with world.http(world.instance.token) as http:
        page = http.get(f"/{project.path_with_namespace}/-/environments").text
    assert "production" in page
    assert environment.external_url in page


def test_a_failed_deployment_changes_nothing_about_its_environment(world: World) -> None:
    project = world.project()
    text = "ship:\n  environment: {name: review/x, url: 'https://x.test'}\n  script: 'false'\n"
    finished(project, ci(project, text).id)

    assert [each.status for each in project.deployments.list(get_all=True)] == ["failed"]
    [environment] = project.environments.list(search="review", get_all=True)
    assert environment.slug == "review-x"
    assert environment.tier == "development"
    assert project.environments.get(environment.id).last_deployment is None


def test_a_job_that_stops_an_environment_is_no_deployment(world: World) -> None:
    project = world.project()
    text = "end:\n  environment: {name: demo, action: stop}\n  script: 'true'\n"
    finished(project, ci(project, text).id)

    assert project.deployments.list(get_all=True) == []
    assert [each.state for each in project.environments.list(get_all=True)] == ["stopped"]


def test_an_environment_is_made_changed_stopped_and_deleted_by_hand(world: World) -> None:
    project = world.project()
    made = project.environments.create({"name": "qa", "external_url": "https://qa.test"})
    assert (made.tier, made.state) == ("testing", "available")
    with pytest.raises(gitlab.GitlabCreateError) as taken:
        project.environments.create({"name": "qa"})
    assert taken.value.response_code == 400
    made.description = "For the testers"
    made.save()
    with pytest.raises(gitlab.GitlabDeleteError) as refused:
        made.delete()
    assert refused.value.response_code == 403
    made.stop()
    made.delete()
    assert project.environments.list(get_all=True) == []


def test_a_second_deployment_waits_for_the_resource_and_says_so(
    world: World, tmp_path: Path
) -> None:
    project = world.project()
    first = ci(project, ships(tmp_path / "go"))
    eventually(lambda: project.deployments.list(get_all=True)[0].status == "running")
    commit(project, b_DOT_txt="b")
    second = project.pipelines.list(get_all=True)[0]

    eventually(lambda: project.pipelines.get(second.id).status == "waiting_for_resource")
    ship = second.jobs.list(get_all=True)[0]
    assert (ship.name, ship.status) == ("ship", "waiting_for_resource")

    (tmp_path / "go").touch()
    assert finished(project, first.id).status == "success"
    assert finished(project, second.id).status == "success"


def test_jobs_are_numbered_in_the_order_of_their_stages(world: World) -> None:
    project = world.project()
    text = "late:\n  stage: deploy\n  script: 'true'\nearly:\n  stage: build\n  script: 'true'\n"
    pipeline = finished(project, ci(project, text).id)

    newest_first = [job.name for job in pipeline.jobs.list(get_all=True)]

    assert newest_first == ["late", "early"]


def test_a_retried_job_runs_while_the_rest_of_its_pipeline_still_does(
    world: World, tmp_path: Path
) -> None:
    project = world.project()
    script = (
        f"slow:\n  script: 'until [ -e {tmp_path / 'go'} ]; do sleep 0.05; done'\n"
        f"quick:\n  script: test -e {tmp_path / 'mended'}\n"
    )
    pipeline = ci(project, script)

    def quick() -> str:
        jobs = project.pipelines.get(pipeline.id).jobs.list(get_all=True)
        return str(next(job.status for job in jobs if job.name == "quick"))

    eventually(lambda: quick() == "failed")
    (tmp_path / "mended").touch()
    failed = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "quick")
    project.jobs.get(failed.id).retry()

    eventually(lambda: quick() == "success")
    assert project.pipelines.get(pipeline.id).status == "running"
    (tmp_path / "go").touch()
    assert finished(project, pipeline.id).status == "success"
