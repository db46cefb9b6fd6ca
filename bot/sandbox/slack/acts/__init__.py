"""What a person does in the workspace: talk, command, click, fill in; each reaches the app."""
