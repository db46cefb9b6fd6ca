"""The three older ways to patch an object: merge patch, JSON patch, strategic merge patch. Pure functions."""
