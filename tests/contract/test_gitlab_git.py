"""git itself: clone and push over HTTP, with tokens, roles and protected branches."""

import os
from pathlib import Path

from gitlab.v4.objects import Project

from tests.contract.gitlab_world import World, commit, git, world

__all__ = ["world"]

DEVELOPER = 30


def cloned(world: World, project: Project, into: Path, token: str | None = None) -> Path:
    git("clone", world.clone_url(project, token or world.instance.token), "work", cwd=into)
    return into / "work"


def changed(work: Path, name: str = "file", text: str = "x") -> None:
    (work / name).write_text(text)
    git("add", ".", cwd=work)
    git("commit", "-m", f"Write {name}", cwd=work)


def test_what_the_api_wrote_is_cloned_and_what_is_pushed_the_api_reads(
    world: World, tmp_path: Path
) -> None:
    project = world.project()
    commit(project, README="hello")

    work = cloned(world, project, tmp_path)
    changed(work, "pushed", "by git")
    git("push", cwd=work)

    assert (work / "README").read_text() == "hello"
    assert project.files.raw("pushed", ref="main") == b"by git"
    assert project.commits.list(get_all=True)[0].author_name == "Ada Okafor"


def test_the_first_push_to_an_empty_project_makes_its_default_branch(
    world: World, tmp_path: Path
) -> None:
    project = world.project()
    git("init", "-b", "trunk", "work", cwd=tmp_path)
    work = tmp_path / "work"
    changed(work)

    git("push", world.clone_url(project, world.instance.token), "trunk", cwd=work)

    again = world.admin.projects.get(project.id)
    assert again.default_branch == "trunk"
    assert again.branches.get("trunk").protected
    assert not again.empty_repo


def test_a_large_push_and_a_shallow_clone_work(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    work = cloned(world, project, tmp_path)
    noise = os.urandom(3_000_000)
    (work / "big").write_bytes(noise)
    git("add", ".", cwd=work)
    git("commit", "-m", "Big", cwd=work)

    git("push", cwd=work)
    url = world.clone_url(project, world.instance.token)
    git("clone", "--depth", "1", url, "shallow", cwd=tmp_path)

    assert (tmp_path / "shallow" / "big").read_bytes() == noise


def test_a_wrong_token_may_not_clone(world: World, tmp_path: Path) -> None:
    project = world.project()

    refused = git("clone", world.clone_url(project, "wrong"), cwd=tmp_path, check=False)

    assert refused.returncode != 0
    assert "Authentication failed" in refused.stderr


def test_the_anonymous_clone_public_projects_only(world: World, tmp_path: Path) -> None:
    public, internal = world.project(visibility="public"), world.project()
    commit(public, README="x")

    git("clone", public.http_url_to_repo, "public", cwd=tmp_path)
    refused = git("clone", internal.http_url_to_repo, "internal", cwd=tmp_path, check=False)
    changed(tmp_path / "public")
    push = git("push", cwd=tmp_path / "public", check=False)

    assert (tmp_path / "public" / "README").exists()
    assert "terminal prompts disabled" in refused.stderr
    assert "terminal prompts disabled" in push.stderr


def test_a_developer_may_not_push_to_the_protected_branch(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    ada = world.member(project, "ada", DEVELOPER)
    work = cloned(world, project, tmp_path, ada.private_token)
    changed(work)

    refused = git("push", cwd=work, check=False)
    git("push", "origin", "HEAD:feature", cwd=work)

    assert refused.returncode != 0
    assert (
        "GitLab: You are not allowed to push code to protected branches on this project."
        in refused.stderr
    )
    assert {each.name for each in project.branches.list(get_all=True)} == {"main", "feature"}


def test_an_outsider_may_clone_an_internal_project_but_not_push(
    world: World, tmp_path: Path
) -> None:
    project = world.project()
    commit(project, README="x")
    work = cloned(world, project, tmp_path, world.token_of("bruno"))
    changed(work)

    refused = git("push", "origin", "HEAD:feature", cwd=work, check=False)

    assert refused.returncode != 0
    assert "403" in refused.stderr
    assert len(project.branches.list(get_all=True)) == 1


def test_history_of_a_protected_branch_is_not_rewritten(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    work = cloned(world, project, tmp_path)
    changed(work)
    git("push", cwd=work)

    force = git("push", "--force", "origin", "HEAD~1:main", cwd=work, check=False)
    delete = git("push", "origin", ":main", cwd=work, check=False)

    assert "not allowed to force push code to a protected branch" in force.stderr
    assert "default branch of a project cannot be deleted" in delete.stderr
    assert len(project.commits.list(get_all=True)) == 2


def test_other_branches_are_rewritten_and_deleted_freely(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    work = cloned(world, project, tmp_path)
    changed(work)
    git("push", "origin", "HEAD:side", cwd=work)
    git("push", "--force", "origin", "HEAD~1:side", cwd=work)

    assert len(project.commits.list(ref_name="side", get_all=True)) == 1
    git("push", "origin", ":side", cwd=work)
    assert [each.name for each in project.branches.list(get_all=True)] == ["main"]


def test_a_project_token_pushes_with_its_role(world: World, tmp_path: Path) -> None:
    project, other = world.project(), world.project()
    for each in (project, other):
        commit(each, README="x")
    made = project.access_tokens.create(
        {"name": "deploy", "scopes": ["write_repository"], "access_level": 40}
    )
    work = cloned(world, project, tmp_path, made.token)
    changed(work)
    git("push", cwd=work)

    elsewhere = git("push", world.clone_url(other, made.token), "main", cwd=work, check=False)
    made.delete()
    changed(work, "again")
    revoked = git("push", cwd=work, check=False)

    assert project.files.raw("file", ref="main") == b"x"
    assert elsewhere.returncode != 0
    assert "Authentication failed" in revoked.stderr


def test_a_deploy_token_reads_under_its_own_name(world: World, tmp_path: Path) -> None:
    project = world.project(visibility="private")
    commit(project, README="x")
    made = project.deploytokens.create({"name": "argo", "scopes": ["read_repository"]})
    url = world.clone_url(project, made.token)

    git("clone", url.replace("any:", f"{made.username}:"), "work", cwd=tmp_path)
    wrong_name = git("clone", url, "other", cwd=tmp_path, check=False)
    changed(tmp_path / "work")
    push = git("push", cwd=tmp_path / "work", check=False)

    assert wrong_name.returncode != 0
    assert push.returncode != 0


def test_api_commits_and_pushes_at_the_same_time_lose_nothing(world: World, tmp_path: Path) -> None:
    project = world.project()
    commit(project, README="x")
    work = cloned(world, project, tmp_path)

    for number in range(5):
        commit(project, **{f"api{number}": "x"})
        changed(work, f"git{number}")
        git("pull", "--rebase", cwd=work)
        git("push", cwd=work)

    names = {entry["name"] for entry in project.repository_tree(get_all=True)}
    assert names == {"README", *(f"{by}{n}" for by in ("api", "git") for n in range(5))}
