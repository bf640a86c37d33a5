"""The InferenceService of a packaged model."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from kfp.dsl import Artifact, Model

from pipelines.components import deploy
from pipelines.steps import serving
from pipelines.steps.programs import StepError
from tests.support.kubernetes import fake_kubernetes, use_kubeconfig

SERVICES = "/apis/serving.kserve.io/v1beta1/namespaces/team/inferenceservices"
URI = "s3://models/digits"
ROLE = Path(__file__).parents[2] / "manifests" / "pipelines" / "deploy" / "role.yaml"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The cluster of the kubeconfig, with KServe."""
    with fake_kubernetes() as (fake, _):
        fake.collections[SERVICES] = {}
        use_kubeconfig(tmp_path, monkeypatch, fake.address, "team")
        yield fake


def test_the_manifest_is_written_and_nothing_is_applied(artifact, package: Model, capsys):
    made = artifact(Artifact, "manifest")
    deploy.python_func(
        package=package, manifest=made, namespace="team", model_uri=URI, service_account="store"
    )
    written = yaml.safe_load(Path(made.path).read_text())
    assert (written["apiVersion"], written["kind"]) == (
        "serving.kserve.io/v1beta1",
        "InferenceService",
    )
    assert written["metadata"] == {
        "name": "digits",
        "namespace": "team",
        "annotations": {"katib-automl/version": "3", "katib-automl/run": "run-1"},
    }
    predictor = written["spec"]["predictor"]
    assert predictor["serviceAccountName"] == "store"
    assert predictor["model"]["modelFormat"] == {"name": "tensorflow", "version": "2"}
    assert predictor["model"]["storageUri"] == URI
    assert "kubectl" not in capsys.readouterr().out


def test_the_shipped_role_grants_what_applying_takes_and_no_more(package: Model, fake):
    methods = []
    fake.refuse = lambda method, *_: methods.append(method)
    for _ in range(2):
        serving.apply(serving.manifest(package.path, URI))
    (rule,) = yaml.safe_load(ROLE.read_text())["rules"]
    verbs = {"POST": "create", "PATCH": "patch"}
    assert {verbs[method] for method in methods} == set(rule["verbs"])
    assert SERVICES.endswith(rule["resources"][0])
    assert rule["apiGroups"][0] in SERVICES


def test_applying_creates_the_service_and_then_changes_it(artifact, package: Model, fake, capsys):
    for uri in ("s3://models/1", "s3://models/2"):
        deploy.python_func(
            package=package, manifest=artifact(Artifact, "manifest"), model_uri=uri, apply=True
        )
    (service,) = fake.collections[SERVICES].values()
    assert service["spec"]["predictor"]["model"]["storageUri"] == "s3://models/2"
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == "kubectl get inferenceservice --namespace team digits"


@pytest.mark.parametrize(
    ("refusal", "mend"),
    [
        ((403, "forbidden"), "needs create and patch of inferenceservices.serving.kserve.io in"),
        ((404, "404 page not found"), "KServe is not installed in this cluster"),
        ((400, "denied the request"), "denied the request"),
    ],
)
def test_a_refusal_says_what_is_needed(package: Model, fake, refusal, mend: str):
    fake.refuse = lambda method, *_: refusal
    with pytest.raises(StepError, match=mend):
        serving.apply(serving.manifest(package.path, URI))


def test_without_the_packages_of_a_cluster_applying_is_refused(package: Model, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "katib_experiments.cluster.client", None)
    with pytest.raises(StepError, match=r"apply: needs the packages of katib-automl\[cluster\]"):
        serving.apply(serving.manifest(package.path, URI))


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("minio://mlpipeline/v2/artifacts/a", "s3://mlpipeline/v2/artifacts/a"),
        ("pvc://models/digits", "pvc://models/digits"),
        ("gs://models/digits", "gs://models/digits"),
    ],
)
def test_a_place_is_named_as_kserve_knows_it(uri: str, expected: str):
    assert serving.storage_uri(uri) == expected


def test_a_folder_of_this_machine_is_no_place_for_kserve(artifact, package: Model):
    with pytest.raises(
        StepError, match=r'model_uri: received "/.*": must be where KServe can fetch'
    ):
        deploy.python_func(package=package, manifest=artifact(Artifact, "manifest"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Digits 2", "digits-2"), ("2nd", "model-2nd"), ("é", "model"), ("a" * 99, "a" * 40)],
)
def test_a_name_becomes_one_of_an_object(text: str, expected: str):
    assert serving.object_name(text) == expected
