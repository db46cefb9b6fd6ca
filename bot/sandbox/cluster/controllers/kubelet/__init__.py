"""The workloads: Deployments become ReplicaSets, those become Pods, and a kubelet runs their containers as processes."""
