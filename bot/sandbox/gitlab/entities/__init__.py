"""Records as the API shows them, field by field as in GitLab's entities."""
