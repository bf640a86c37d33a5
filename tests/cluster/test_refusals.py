"""The server's words reach the user, with the command that mends."""

from __future__ import annotations

import pytest
import yaml
from kubernetes import client

from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, Unreachable
from katib_experiments.errors import ClusterError, DocumentError
from tests.support.documents import a_parsed
from tests.support.katib import COLLECTIONS, CONFIGMAPS
from tests.support.kubernetes import use_kubeconfig

LABEL = "katib.kubeflow.org/metrics-collector-injection"


@pytest.mark.parametrize(
    ("status", "words", "mend"),
    [
        (
            400,
            f'the namespace lacks label "{LABEL}: enabled"',
            "kubectl label namespace default",
        ),
        (400, "spec.parameters: must be specified", ""),
        (500, 'failed calling webhook "x": refused', "automl doctor"),
        (403, "experiments is forbidden", "kubectl auth can-i"),
        (
            403,
            'User "system:serviceaccount:runs:runner" cannot create resource "experiments"',
            "--list --namespace default --as system:serviceaccount:runs:runner",
        ),
        (401, "Unauthorized", "renew the credentials"),
    ],
    ids=[
        "no label",
        "webhook",
        "webhook down",
        "forbidden",
        "forbidden to an account",
        "unauthorized",
    ],
)
def test_a_refusal_keeps_the_servers_words(backend, fake, status, words, mend):
    fake.refuse = lambda method, *_: (status, words) if method == "POST" else None
    with pytest.raises(ClusterError) as refused:
        backend.submit(a_parsed())
    first, *rest = str(refused.value).splitlines()
    assert first == words
    assert mend in "\n".join(rest)


def test_a_cluster_without_katib_is_told_how_to_get_it(backend, fake):
    for path in COLLECTIONS:
        del fake.collections[path]
    fake.refuse = lambda *_: (404, "404 page not found")
    with pytest.raises(ClusterError, match="Katib is not installed"):
        backend.outcome("example")


def test_an_algorithm_that_the_cluster_lacks_is_a_documents_error(backend, fake):
    config = {"runtime": {"suggestions": [{"algorithmName": "random"}]}}
    path = CONFIGMAPS.replace("default", "kubeflow")
    data = {"katib-config.yaml": yaml.safe_dump(config)}
    fake.put(path, {"metadata": {"name": "katib-config"}, "data": data})
    with pytest.raises(DocumentError, match='"grid": this cluster\'s katib-config has random'):
        backend.submit(a_parsed())
    backend.submit(a_parsed(algorithm={"algorithmName": "random"}))


def test_a_server_that_does_not_answer_is_named():
    settings = client.Configuration(host="http://127.0.0.1:9")
    settings.retries = False
    backend = KatibBackend(cluster=Cluster(client.ApiClient(settings), "default"))
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:9 does not answer: .*refused"):
        backend.names()


def test_no_kubeconfig_at_all_is_told_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(ClusterError, match="set KUBECONFIG"):
        KatibBackend()


def test_the_contexts_namespace_is_the_default(monkeypatch, tmp_path):
    use_kubeconfig(tmp_path, monkeypatch, "http://127.0.0.1:9", "team-a")
    assert KatibBackend().namespace == "team-a"
    assert KatibBackend("team-b").namespace == "team-b"
