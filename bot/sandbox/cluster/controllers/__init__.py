"""The controllers of the sandbox's cluster: Crossplane, Argo CD, the workload controllers with a kubelet, a gateway.

They reach the API server as any controller does, over HTTP, and know nothing of how it keeps its objects. Each one watches,
compares and writes; what they share (a client, informers, a queue) lies beside them in this folder.
"""
