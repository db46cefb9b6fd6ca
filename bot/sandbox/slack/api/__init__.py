"""The Web API: what an app calls."""
