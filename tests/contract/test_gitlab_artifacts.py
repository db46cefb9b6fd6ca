"""What jobs leave behind, downloaded as python-gitlab and jobs of other projects do."""

import io
import zipfile

import gitlab
import pytest

from tests.contract.gitlab_world import World, ci, finished, world

__all__ = ["world"]

LEAVES = """
build:
  script:
    - mkdir -p dist/deep
    - echo hello > dist/deep/a.txt
    - echo WISH=1 > build.env
  artifacts:
    paths: [dist]
    reports: {dotenv: build.env}
bare:
  script: 'true'
"""


def test_the_files_of_a_job_are_downloaded_together_and_one_by_one(world: World) -> None:
    project = world.project()
    pipeline = finished(project, ci(project, LEAVES).id)
    jobs = {job.name: job for job in pipeline.jobs.list(get_all=True)}
    build = project.jobs.get(jobs["build"].id)

    archive = build.artifacts()
    assert isinstance(archive, bytes)
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        assert {each.filename: zipped.read(each) for each in zipped.infolist()} == {
            "dist/deep/a.txt": b"hello\n"
        }
    assert build.artifact("dist/deep/a.txt") == b"hello\n"
    assert project.artifacts.download(ref_name="main", job="build") == archive
    assert project.artifacts.raw("main", "dist/deep/a.txt", "build") == b"hello\n"
    left = {each["file_type"]: each["filename"] for each in build.attributes["artifacts"]}
    assert left == {"archive": "artifacts.zip", "trace": "job.log", "dotenv": ".env.gz"}
    assert build.artifacts_file == {"filename": "artifacts.zip", "size": len(archive)}
    with world.http() as http:
        assert http.get(f"{build.web_url}/artifacts/download").content == archive
        assert "Download artifacts" in http.get(build.web_url).text


def test_what_was_not_left_is_not_found(world: World) -> None:
    project = world.project()
    pipeline = finished(project, ci(project, LEAVES).id)
    jobs = {job.name: project.jobs.get(job.id) for job in pipeline.jobs.list(get_all=True)}

    for ask in (
        f"jobs/{jobs['bare'].id}/artifacts",
        f"jobs/{jobs['build'].id}/artifacts/..%2Freports%2Fdotenv%2Fbuild.env",
        f"jobs/{jobs['build'].id}/artifacts/build.env",
        "jobs/artifacts/other/download?job=build",
    ):
        with pytest.raises(gitlab.GitlabHttpError) as refused:
            world.admin.http_get(f"/projects/{project.id}/{ask}")
        assert refused.value.response_code == 404


def test_deleted_artifacts_are_gone(world: World) -> None:
    project = world.project()
    pipeline = finished(project, ci(project, LEAVES).id)
    made = next(job for job in pipeline.jobs.list(get_all=True) if job.name == "build")
    build = project.jobs.get(made.id)

    build.delete_artifacts()

    with pytest.raises(gitlab.GitlabGetError):
        build.artifacts()


def test_a_job_of_the_same_project_fetches_them_with_its_own_token(world: World) -> None:
    project = world.project()
    text = LEAVES + (
        "fetch:\n  stage: deploy\n  script:\n"
        '    - >-\n      curl --fail --silent --header "JOB-TOKEN: $CI_JOB_TOKEN"'
        " --output got.txt"
        ' "$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/main/raw/dist/deep/a.txt?job=build"\n'
        '    - test hello = "$(cat got.txt)"\n'
        "  rules: [{if: '$FETCH'}]\n"
    )
    finished(project, ci(project, text).id)

    again = project.pipelines.create(
        {"ref": "main", "variables": [{"key": "FETCH", "value": "yes"}]}
    )

    assert finished(project, again.id).status == "success"
