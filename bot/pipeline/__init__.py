"""The work is done: what a step is, how a job's steps are run, and the two pipelines."""
