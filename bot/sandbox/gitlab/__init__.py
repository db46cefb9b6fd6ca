"""GitLab in a box: REST v4, git over HTTP, pipelines, webhooks, a container registry and pages to look at.

What python-gitlab, Backstage and git ask of GitLab is answered as GitLab answers it. Records live in one SQLite file,
code in real bare repositories, jobs run in `bot.sandbox.runner`.
"""

from bot.sandbox.gitlab.seed import ADMIN
from bot.sandbox.gitlab.server import GitLabInstance, Person, serve

__all__ = ["ADMIN", "GitLabInstance", "Person", "serve"]
