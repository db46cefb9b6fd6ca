"""Webhooks: the bodies, and their delivery from a queue that survives the process."""
