"""The pages behind the addresses that the API gives."""

import re
import subprocess
from pathlib import Path

import pytest
from gitlab.v4.objects import Project

from tests.contract.gitlab_world import World, ci, commit, finished, world

__all__ = ["world"]

SCRIPT = "test:\n  script: [echo 'hello <b>log</b>']\n"


def page(world: World, url: str) -> str:
    """A page as somebody without any token gets it."""
    assert url.startswith(world.instance.url)
    with world.http() as http:
        answer = http.get(url)
    assert answer.status_code == 200, url
    assert "without a login" in answer.text
    return answer.text


def filled(world: World) -> Project:
    project = world.project(visibility="private", description="A <i>small</i> service")
    commit(
        project, README_DOT_md="# Welcome\n\n<script>alert(1)</script>\n", src__app_DOT_py="x = 1"
    )
    finished(project, ci(project, SCRIPT).id)
    return world.admin.projects.get(project.id)


def test_every_web_url_opens_a_page_that_shows_it(world: World) -> None:
    project = filled(world)
    pipeline = project.pipelines.list(get_all=True)[0]
    job = pipeline.jobs.list(get_all=True)[0]
    commit_ = project.commits.list(get_all=True)[-1]

    home = page(world, project.web_url)
    assert "Welcome" in home
    assert "A &lt;i&gt;small&lt;/i&gt; service" in home
    assert "Add files" in page(world, commit_.web_url)
    assert "test" in page(world, pipeline.web_url)
    assert "hello &lt;b&gt;log&lt;/b&gt;" in page(world, job.web_url)
    assert project.path in page(world, world.group.web_url)
    assert "main" in page(world, project.branches.get("main").web_url)
    assert "Welcome" in page(world, project.readme_url)
    assert "Ada Okafor" in page(world, f"{world.instance.url}/ada")


def test_a_readme_cannot_run_scripts(world: World) -> None:
    shown = page(world, filled(world).web_url)

    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_files_are_shown_with_colours_and_raw(world: World) -> None:
    project = filled(world)

    shown = page(world, f"{project.web_url}/-/blob/main/src/app.py")
    with world.http() as http:
        raw = http.get(f"{project.web_url}/-/raw/main/src/app.py")

    assert 'class="n"' in shown
    assert raw.text == "x = 1"
    assert raw.headers["content-type"].startswith("text/plain")


def test_a_branch_with_a_slash_has_pages(world: World) -> None:
    project = filled(world)
    project.branches.create({"branch": "feat/x", "ref": "main"})

    assert "src" in page(world, f"{project.web_url}/-/tree/feat/x")
    assert "class=" in page(world, f"{project.web_url}/-/blob/feat/x/src/app.py")


def test_every_list_has_a_page_empty_or_not(world: World) -> None:
    empty, full = world.project(), filled(world)
    for project in (empty, full):
        for kind in (
            "commits/main",
            "branches",
            "pipelines",
            "jobs",
            "merge_requests",
            "container_registry",
        ):
            page(world, f"{project.web_url}/-/{kind}")
    assert "empty" in page(world, empty.web_url)
    for path in ("/", "/groups"):
        page(world, world.instance.url + path)


def test_a_merge_request_shows_its_changes(world: World) -> None:
    project = filled(world)
    project.branches.create({"branch": "side", "ref": "main"})
    commit(project, "side", added="new line\n")
    request = project.mergerequests.create(
        {"source_branch": "side", "target_branch": "main", "title": "Add <b>it</b>"}
    )

    shown = page(world, request.web_url)

    assert "Add &lt;b&gt;it&lt;/b&gt;" in shown
    assert "+new line" in shown


def test_a_log_is_given_on_from_where_one_has_it(world: World) -> None:
    project = filled(world)
    job = project.jobs.list(get_all=True)[0]

    with world.http() as http:
        whole = http.get(f"{job.web_url}/trace.json?offset=0").json()
        rest = http.get(f"{job.web_url}/trace.json?offset={whole['offset']}").json()

    assert whole["complete"]
    assert "hello" in whole["html"]
    assert rest["html"] == ""


def test_an_unknown_address_is_a_404(world: World) -> None:
    project = world.project()
    with world.http() as http:
        for path in ("/nobody/nothing", f"/{project.path_with_namespace}/-/nothing", "/-/static/x"):
            assert http.get(path).status_code == 404


LINKS = {
    "src/app.py": "{base}/-/blob/main/src/app.py",
    "./src/": "{base}/-/blob/main/src",
    "docs/../README.md?plain=1#top": "{base}/-/blob/main/README.md?plain=1#top",
    "/docs/guide.md": "{base}/-/blob/main/docs/guide.md",
    "https://example.com/x": "https://example.com/x",
    "mailto:ada@example.com": "mailto:ada@example.com",
    "#below": "#below",
    "../../outside": "../../outside",
}


def test_links_of_a_readme_lead_to_the_files_of_its_repository(world: World) -> None:
    project = world.project()
    readme = " ".join(f"[x]({link})" for link in LINKS) + " ![logo](logo.png)"
    commit(
        project, README_DOT_md=readme, src__app_DOT_py="x = 1", docs__guide_DOT_md="[up](../src)"
    )
    base = f"/{project.path_with_namespace}"

    for place_ in ("", "/-/tree/main", "/-/blob/main/README.md"):
        shown = page(world, project.web_url + place_)
        for link in LINKS.values():
            assert f'href="{link.format(base=base)}"' in shown
        assert f'src="{base}/-/raw/main/logo.png"' in shown
    assert f'href="{base}/-/blob/main/src"' in page(
        world, f"{project.web_url}/-/blob/main/docs/guide.md"
    )


def test_the_address_of_a_folder_as_if_it_were_a_file_leads_to_the_folder(world: World) -> None:
    project = filled(world)
    with world.http() as http:
        moved = http.get(f"{project.web_url}/-/blob/main/src")
        missing = http.get(f"{project.web_url}/-/blob/main/nowhere")

    assert "app.py" in page(world, world.instance.url + moved.headers["location"])
    assert missing.status_code == 404


def test_the_edit_address_of_a_file_shows_it_and_says_how_it_is_changed(world: World) -> None:
    shown = page(world, f"{filled(world).web_url}/-/edit/main/README.md")

    assert "Welcome" in shown
    assert "clone the repository" in shown


@pytest.mark.parametrize("visibility", ["private", "internal", "public"])
def test_what_the_page_says_about_cloning_works(
    world: World, tmp_path: Path, visibility: str
) -> None:
    project = world.project(visibility=visibility)
    found = re.search(r"git clone [^\s<\"]+", page(world, project.web_url))
    commit(project, README_DOT_md="# Welcome")
    said = re.search(r"git clone [^\s<\"]+", page(world, project.web_url))

    assert found
    assert said
    assert found[0] == said[0], "an empty repository is cloned in the same way"
    subprocess.run([*said[0].split(), str(tmp_path / "it")], check=True, timeout=60)
    assert (tmp_path / "it" / "README.md").read_text() == "# Welcome"
