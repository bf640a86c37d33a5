"""The shipped Experiments with the components of manifests/components, and the overlays."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from katib_experiments import validate
from katib_experiments.cluster.doctor import KATIB_VERSION
from katib_experiments.experiment.document import dumps, loads
from tests.support.manifests import (
    COMPOSITIONS,
    KUBECTL,
    MANIFESTS,
    NO_KUBECTL,
    Object,
    compose,
    experiments,
    pods,
    render,
    violations,
)

KATIB = Path(
    os.environ.get("GOMODCACHE", Path.home() / "go/pkg/mod"),
    f"github.com/kubeflow/katib@{KATIB_VERSION}/manifests",
)

needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason=NO_KUBECTL)
needs_katib = pytest.mark.skipif(
    not KATIB.is_dir(),
    reason=f"needs Katib's own manifests, as go mod download leaves them: {KATIB}",
)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Each composition, rendered once."""
    if KUBECTL is None:
        pytest.skip(NO_KUBECTL)
    return {
        names: compose(tmp_path_factory.mktemp("composition"), *names.split())
        for names in COMPOSITIONS
    }


each_composition = pytest.mark.parametrize("names", COMPOSITIONS)


def problems(experiment: Object) -> set[str]:
    (document,) = loads(dumps(experiment))
    return {f"{each.path}: {each.rule}" for each in validate(document)}


@each_composition
def test_a_composed_experiment_is_as_valid_as_the_shipped_one(rendered, names):
    plain = {each["metadata"]["name"]: problems(each) for each in experiments(rendered[""])}
    composed = {each["metadata"]["name"]: problems(each) for each in experiments(rendered[names])}
    assert composed == plain
    assert len(composed) == len(list(MANIFESTS.glob("experiments/*.yaml")))


@each_composition
def test_a_composed_pod_is_restricted(rendered, names):
    found = {name: violations(pod) for name, pod in pods(rendered[names]).items()}
    assert found == {name: [] for name in pods(rendered[""])}


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        (lambda pod, _: pod.update(hostNetwork=True), "hostNetwork"),
        (lambda pod, _: pod["volumes"].append({"name": "x", "hostPath": {}}), "hostPath"),
        (lambda pod, _: pod["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
        (lambda pod, _: pod["securityContext"].update(runAsUser=0), "runAsUser"),
        (lambda pod, _: pod["securityContext"].pop("seccompProfile"), "seccompProfile"),
        (lambda _, box: box["securityContext"].update(privileged=True), "privileged"),
        (lambda _, box: box["securityContext"].pop("allowPrivilegeEscalation"), "allowPriv"),
        (lambda _, box: box["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRoot"),
        (lambda _, box: box["securityContext"].pop("capabilities"), "capabilities"),
        (lambda _, box: box.update(ports=[{"hostPort": 80}]), "hostPort"),
    ],
)
def test_a_pod_that_is_not_restricted_is_found(fault, rule):
    experiment = yaml.safe_load((MANIFESTS / "experiments/random.yaml").read_text())
    pod = pods([experiment])["random"]
    fault(pod["spec"], pod["spec"]["containers"][0])
    (found,) = violations(pod)
    assert found.startswith(rule)


@pytest.mark.parametrize("names", [each for each in COMPOSITIONS if "gpu" in each])
def test_on_gpus_each_trial_has_one_and_no_more_trials_run_than_there_are(rendered, names):
    for experiment in experiments(rendered[names]):
        name = experiment["metadata"]["name"]
        pod = pods(rendered[names])[name]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == "katib-automl/trial:0.1.0-gpu"
        assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert pod["tolerations"] == [
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
        ]
        paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        (memory,) = [each for each in pod["volumes"] if paths[each["name"]] == "/dev/shm"]
        assert memory["emptyDir"]["medium"] == "Memory"
        # A whole rung of hyperband is asked for at once.
        assert experiment["spec"]["parallelTrialCount"] == (9 if name == "hyperband" else 1)


def test_jobs_on_gpus_go_to_nodes_that_have_some(rendered):
    for pod in pods(rendered["gpu"]).values():
        assert pod["spec"]["nodeSelector"] == {"nvidia.com/gpu.present": "true"}


def test_trials_learn_from_the_volume_and_cannot_write_to_it(rendered):
    (claim,) = [each for each in rendered["data-volume"] if each["kind"] != "Experiment"]
    for pod in pods(rendered["data-volume"]).values():
        (container,) = pod["spec"]["containers"]
        flags = [each for each in container["args"] if each.startswith("--dataset=")]
        assert flags[-1] == "--dataset=/data/dataset.csv"
        assert container["volumeMounts"][-1] == {
            "name": "data",
            "mountPath": "/data",
            "readOnly": True,
        }
        (volume,) = [each for each in pod["spec"]["volumes"] if each["name"] == "data"]
        assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}


@pytest.mark.parametrize("names", ["istio", "trainjob"])
def test_no_sidecar_of_istio_gets_into_a_trial(rendered, names):
    for pod in pods(rendered[names]).values():
        for key in ("labels", "annotations"):
            assert pod["metadata"][key]["sidecar.istio.io/inject"] == "false"


@pytest.mark.parametrize("names", [each for each in COMPOSITIONS if "kueue" in each])
def test_the_queue_is_that_of_what_katib_creates(rendered, names):
    for experiment in experiments(rendered[names]):
        trial = experiment["spec"]["trialTemplate"]["trialSpec"]
        assert trial["metadata"]["labels"] == {"kueue.x-k8s.io/queue-name": "user-queue"}


def test_a_trainjob_runs_what_the_job_would(rendered):
    jobs, trainjobs = pods(rendered[""]), pods(rendered["trainjob"])
    for name, job in jobs.items():
        (ours,), (theirs,) = (each[name]["spec"]["containers"] for each in (jobs, trainjobs))
        for key in ("image", "command", "args", "resources", "securityContext"):
            assert ours[key] == theirs[key]
        for key in ("securityContext", "restartPolicy", "automountServiceAccountToken"):
            assert job["spec"][key] == trainjobs[name]["spec"][key]


def test_a_trainjob_says_where_its_metrics_are_and_keeps_nothing_of_the_job(rendered):
    for experiment in experiments(rendered["gpu istio kueue trainjob"]):
        template = experiment["spec"]["trialTemplate"]
        assert template["primaryContainerName"] == "node"
        assert template["trialSpec"]["apiVersion"] == "trainer.kubeflow.org/v1alpha1"
        assert template["trialSpec"]["spec"].keys() == {"runtimeRef", "trainer"}


@needs_kubectl
def test_what_an_overlay_renames_is_found_by_its_new_name(tmp_path):
    objects = compose(tmp_path, "data-volume", nameSuffix="-mine")
    (volume,) = [
        each for each in pods(objects)["grid-mine"]["spec"]["volumes"] if "emptyDir" not in each
    ]
    assert volume["persistentVolumeClaim"] == {"claimName": "trial-data-mine"}
    assert pods(compose(tmp_path, "trainjob", nameSuffix="-mine"))


@needs_kubectl
def test_in_a_kubeflow_profile_everything_is_in_its_namespace_and_without_istio():
    objects = render(MANIFESTS / "overlays/kubeflow")
    assert {each["metadata"]["namespace"] for each in objects} == {"kubeflow-user-example-com"}
    for pod in pods(objects).values():
        assert pod["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false"


@pytest.fixture
def katibs_repository(tmp_path, monkeypatch):
    """Git takes Katib's manifests from a folder, though kustomizations have their real address."""
    repository = shutil.copytree(KATIB, tmp_path / "katib/manifests", copy_function=shutil.copyfile)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        [*identity, "commit", "--quiet", "--message=as it was"],
        ["tag", KATIB_VERSION],
    ):
        subprocess.run(["git", *command], cwd=repository.parent, check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{repository.parent}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/kubeflow/katib")


@needs_kubectl
@needs_katib
@pytest.mark.usefixtures("katibs_repository")
def test_on_kind_katib_is_the_pinned_one_and_serves_our_searches():
    objects = {
        (each["kind"], each["metadata"]["name"]): each
        for each in render(MANIFESTS / "overlays/kind")
    }
    images = {
        container["image"]
        for (kind, _), each in objects.items()
        if kind == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    }
    assert {image.rpartition(":")[2] for image in images} == {KATIB_VERSION, "8.0.29-oracle"}
    config = objects["ConfigMap", "katib-config"]["data"]["katib-config.yaml"]
    ours = MANIFESTS / "components/suggestion/instead/katib-config.yaml"
    assert yaml.safe_load(config) == yaml.safe_load(ours.read_text())
    labels = objects["Namespace", "kubeflow"]["metadata"]["labels"]
    assert labels["katib.kubeflow.org/metrics-collector-injection"] == "enabled"


@needs_kubectl
@needs_katib
@pytest.mark.usefixtures("katibs_repository")
def test_katibs_own_pods_do_not_wait_for_its_webhook():
    objects = {each["kind"]: each for each in render(MANIFESTS / "overlays/kind")}
    by_name = {each["name"]: each for each in objects["MutatingWebhookConfiguration"]["webhooks"]}
    selector = by_name["mutator.pod.katib.kubeflow.org"]["objectSelector"]
    (excluded,) = selector["matchExpressions"]
    assert excluded == {"key": "katib.kubeflow.org/component", "operator": "DoesNotExist"}
    assert excluded["key"] in objects["Deployment"]["spec"]["template"]["metadata"]["labels"]


def test_katibs_release_is_named_once():
    named = [
        reference
        for path in MANIFESTS.rglob("[Kk]ustomization*")
        for reference in re.findall(r"https?://\S+", path.read_text())
    ]
    assert [each.partition("ref=")[2] for each in named] == [KATIB_VERSION]


def test_every_experiment_is_in_the_kustomization():
    listed = yaml.safe_load((MANIFESTS / "experiments/Kustomization").read_text())["resources"]
    assert listed == sorted(path.name for path in MANIFESTS.glob("experiments/*.yaml"))


@pytest.mark.parametrize("path", sorted(MANIFESTS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_holds_one_object(path):
    (_,) = yaml.safe_load_all(path.read_text())
