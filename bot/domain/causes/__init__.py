"""Known causes: what goes wrong often enough that the bot knows what it means and what to do. Data, and nothing else."""
