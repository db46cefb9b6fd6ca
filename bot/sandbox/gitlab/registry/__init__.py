"""The container registry: images that jobs push and the cluster pulls."""
