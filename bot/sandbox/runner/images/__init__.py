"""What the stand-in buildah is made of: Dockerfiles read, OCI images written, registries spoken to.

Standard library only, since a job pays for every import.
"""
