"""Experiments on a Kubernetes cluster that runs Katib."""

from katib_experiments.cluster.backend import KatibBackend

__all__ = ["KatibBackend"]
