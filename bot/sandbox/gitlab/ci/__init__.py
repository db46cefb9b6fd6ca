"""Pipelines: made when code changes, run by the runner, kept and announced here."""
