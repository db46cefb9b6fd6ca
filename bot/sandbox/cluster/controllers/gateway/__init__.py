"""The gateway: sends requests from outside to the pods that HTTPRoutes name, over HTTP and HTTPS."""
