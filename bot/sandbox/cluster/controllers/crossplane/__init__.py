"""Crossplane: makes an API of each composite resource definition, and of each composite what its composition says."""
