"""Fakes with real state that refuse what the real things refuse."""
