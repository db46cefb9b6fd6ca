"""Bare repositories: read and written with libgit2, cloned and pushed to with git itself. Nothing here knows GitLab."""
