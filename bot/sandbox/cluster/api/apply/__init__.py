"""Server-side apply: who owns which field, and what a manager's new wish does to the object. Pure functions."""
