"""Structural schemas at work: what is unknown, what is missing, what is wrong. Pure functions on plain values."""
