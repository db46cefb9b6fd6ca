"""The forms in which bodies come: JSON, YAML, and Kubernetes' protobuf."""
