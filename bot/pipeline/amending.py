"""Make a repository fit that stands already, where other answers to the form call for other files."""

from collections.abc import Collection

from bot.pipeline.blueprint import PROPERTIES, Files
from bot.ports.git_host import GitHost, NewProject

MESSAGE = "Fit what is asked for now"


async def amend(
    git: GitHost, wanted: NewProject, files: Files, *, amended: Collection[str]
) -> None:
    """Change the properties and the files that the answers have changed, and no others: the rest is its owners' by now.

    What somebody has changed since in the same files is overwritten, and stays in their history.

    Args:
        git: where the project is.
        wanted: the project as it is wanted now.
        files: all files of the template, as they are wanted now.
        amended: the names of the parts that have changed; a file that is not wanted any more goes.
    """
    project = wanted.path
    if PROPERTIES & set(amended):
        await git.fit_project(wanted)
    changed = {path: file for path, file in files.items() if path in amended}
    if changed:
        await git.ensure_files(project, changed, message=MESSAGE)
    gone = [path for path in amended if path not in files and path not in PROPERTIES]
    if gone:
        await git.remove_files(project, gone, message=MESSAGE)
