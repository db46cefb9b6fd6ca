"""Run an application's own `.gitlab-ci.yml` for real: its jobs are processes in a fresh checkout.

The runner knows nothing of GitLab's store. `config.parse` reads the file, `pipeline.run` decides which job is next, and
everything it needs or has to say goes through `host.PipelineHost`.
"""
