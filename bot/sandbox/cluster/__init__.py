"""The cluster in a box: a Kubernetes API, and the few controllers that make something of what is in it."""
