"""Make a repository fit that stands already, where other answers to the form call for other files."""

from collections.abc import Collection

from bot.pipeline.blueprint import Files
from bot.ports.git_host import GitHost

MESSAGE = "Fit what is asked for now"


async def amend(git: GitHost, project: str, files: Files, *, amended: Collection[str]) -> None:
    """Commit the files that the answers have changed, and no others: the rest is its owners' by now.

    What somebody has changed since in the same files is overwritten, and stays in their history.

    Args:
        git: where the project is.
        project: its path.
        files: all files of the template, as they are wanted now.
        amended: the names of what has changed; those that are no files of it, or none any more, are its properties, or
            files that go.
    """
    changed = {path: file for path, file in files.items() if path in amended}
    if changed:
        await git.ensure_files(project, changed, message=MESSAGE)
    gone = [path for path in amended if path not in files]
    if gone:
        await git.remove_files(project, gone, message=MESSAGE)
