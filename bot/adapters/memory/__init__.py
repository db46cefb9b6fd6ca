"""Fakes with real state that also refuse what the real system refuses."""
