"""The platform in a box: stand-ins that speak the real protocols of Slack, GitLab, Kubernetes and Backstage.

The unmodified bot runs against them, and so do the real clients (git, kubectl, helm, Bolt). The sandbox knows nothing
of the bot: both meet over the wire, so that any part can be replaced by the real system through an address.
"""
