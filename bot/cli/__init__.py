"""Operators type: the commands of `python -m bot`, one module for each family of them."""
