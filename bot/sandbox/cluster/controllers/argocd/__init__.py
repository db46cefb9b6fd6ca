"""Argo CD: brings what Git says into the cluster, and tells truthfully how far that is."""
