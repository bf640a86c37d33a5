"""A sound cluster has no fault; every fault planted is named, with what mends it."""

from __future__ import annotations

import pytest
import yaml

from katib_experiments.cluster.doctor import findings
from tests.support.katib import EXPERIMENTS, PODS, a_pod, an_experiment_object

APPS = "/apis/apps/v1/namespaces/kubeflow/deployments"
CONFIGMAPS = "/api/v1/namespaces/kubeflow/configmaps"
NAMESPACES = "/api/v1/namespaces"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
STORAGE = "/apis/storage.k8s.io/v1/storageclasses"
LABEL = "katib.kubeflow.org/metrics-collector-injection"
IMAGE = "katib-automl/suggestion:0.1.0"
DENIED = 'admission webhook "validator.experiment.katib.kubeflow.org" denied the request'


def deployment(name: str, replicas: int = 1, version: str = "v0.19.0") -> dict:
    containers = [{"image": f"example/{name}:{version}"}]
    return {
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": containers}}},
        "status": {"availableReplicas": replicas},
    }


def serve(fake, **images: str) -> None:
    """Algorithms, and the images that Katib is configured to serve them with."""
    entries = [{"algorithmName": name, "image": image} for name, image in images.items()]
    data = {"katib-config.yaml": yaml.safe_dump({"runtime": {"suggestions": entries}})}
    fake.put(CONFIGMAPS, {"metadata": {"name": "katib-config"}, "data": data})


def a_node(fake, *images: str, gpus: int = 0) -> None:
    named = [{"names": None}, *({"names": [image]} for image in images)]
    status = {"allocatable": {"nvidia.com/gpu": str(gpus)}, "images": named}
    fake.put("/api/v1/nodes", {"metadata": {"name": "n"}, "status": status})


@pytest.fixture
def sound(fake):
    """A cluster with all that an Experiment needs."""
    kinds = [{"name": kind} for kind in ("experiments", "trials", "suggestions")]
    fake.answers |= {
        "/version": {"gitVersion": "v1.34.4"},
        "/apis/kubeflow.org/v1beta1": {"resources": kinds},
    }
    for name in ("katib-controller", "katib-db-manager"):
        fake.put(APPS, deployment(name))
    fake.put(NAMESPACES, {"metadata": {"name": "default", "labels": {LABEL: "enabled"}}})
    serve(fake, random="example/hyperopt:1", asha=IMAGE)
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    fake.put(STORAGE, {"metadata": {"name": "standard", "annotations": default}})
    a_node(fake, f"docker.io/{IMAGE}", gpus=2)

    def admission(method, path, body):
        return (400, DENIED) if method == "POST" and path.endswith("/experiments") else None

    def review(body):
        asked = body["spec"]["resourceAttributes"]
        return {"status": {"allowed": asked["resource"] not in fake.forbidden}}

    fake.refuse = admission
    fake.posts = {REVIEWS: review}
    return fake


def faults(cluster) -> dict[str, str]:
    found = findings(cluster, "default")
    return {each.what: f"{each.message} | {each.mend}" for each in found if each.level != "ok"}


def test_a_sound_cluster_is_all_green(sound, cluster):
    assert faults(cluster) == {}
    messages = {each.what: each.message for each in findings(cluster, "default")}
    assert messages["API server"] == "Kubernetes v1.34.4"
    assert messages["GPUs"] == "2 on 1 of 1 nodes"


def test_a_cluster_that_does_not_answer_ends_the_examination(fake, cluster):
    fake.refuse = lambda *_: (503, "starting")
    (only,) = findings(cluster, "default")
    assert (only.level, only.what, only.message) == ("fault", "API server", "starting")


def test_a_cluster_without_katib_ends_it_too(sound, cluster):
    del sound.answers["/apis/kubeflow.org/v1beta1"]
    assert list(faults(cluster)) == ["Katib"]
    assert "kubectl apply --kustomize" in faults(cluster)["Katib"]


def plant_no_label(fake) -> None:
    fake.put(NAMESPACES, {"metadata": {"name": "default"}})


def plant_istio(fake) -> None:
    labels = {LABEL: "enabled", "istio-injection": "enabled"}
    fake.put(NAMESPACES, {"metadata": {"name": "default", "labels": labels}})


def plant_search_without_image(fake) -> None:
    pod = a_pod("none", {"waiting": {"reason": "ErrImagePull"}})
    pod["metadata"]["labels"]["katib.kubeflow.org/deployment"] = "example-asha"
    fake.put(PODS, pod)


def plant_namesake(fake) -> None:
    for namespace in ("default", "team-b"):
        experiment = an_experiment_object("Created")
        experiment["metadata"]["namespace"] = namespace
        fake.put(EXPERIMENTS.replace("default", namespace), experiment)


def plant_webhook_down(fake) -> None:
    fake.refuse = lambda method, path, _: (
        (500, "failed calling webhook")
        if method == "POST" and path.endswith("/experiments")
        else None
    )


def plant_no_webhook(fake) -> None:
    fake.refuse = lambda *_: None


@pytest.mark.parametrize(
    ("plant", "what", "told"),
    [
        (lambda fake: fake.remove(NAMESPACES, "default"), "namespace", "kubectl create namespace"),
        (plant_no_label, "namespace", f"kubectl label namespace default {LABEL}=enabled"),
        (plant_istio, "Istio", 'sidecar.istio.io/inject: "false"'),
        (plant_webhook_down, "webhook", "rollout restart deployment katib-controller"),
        (plant_no_webhook, "webhook", "an empty Experiment was not refused"),
        (
            lambda fake: fake.put(APPS, deployment("katib-controller", 0)),
            "katib-controller",
            "no pod of it is ready",
        ),
        (
            lambda fake: fake.put(APPS, deployment("katib-controller", 1, "v0.18.0")),
            "katib-controller",
            "v0.18.0; this project follows v0.19.0",
        ),
        (lambda fake: fake.remove(APPS, "katib-db-manager"), "katib-db-manager", "no such"),
        (lambda fake: fake.forbidden.add("trials"), "rights", "list trials"),
        (lambda fake: fake.remove(STORAGE, "standard"), "storage class", "annotate storageclass"),
        (lambda fake: fake.remove(CONFIGMAPS, "katib-config"), "algorithms", "cannot be read"),
        (lambda fake: serve(fake, random="a"), "our suggestion service", "asha are not served"),
        (a_node, "our suggestion service", f"no node has {IMAGE}"),
        (plant_search_without_image, "search", "that of example does not start: container main"),
        (plant_namesake, "names", "example runs here and is in team-b too"),
    ],
    ids=[
        "no namespace",
        "no label",
        "Istio",
        "webhook down",
        "no webhook",
        "not ready",
        "other version",
        "no database",
        "no rights",
        "no storage",
        "no configuration",
        "not our service",
        "not our image",
        "no image of a search",
        "one name twice",
    ],
)
def test_a_fault_is_named_with_what_mends_it(sound, cluster, plant, what, told):
    plant(sound)
    assert list(faults(cluster)) == [what]
    assert told in faults(cluster)[what]


PLAIN, OURS = ("random", "tpe"), ("zooming", "asha")


def plant_restricted(fake, *, injected: bool, bare=(), with_context=()) -> None:
    """A namespace that takes restricted pods alone, and how Katib makes its own."""
    labels = {LABEL: "enabled", "pod-security.kubernetes.io/enforce": "restricted"}
    fake.put(NAMESPACES, {"metadata": {"name": "default", "labels": labels}})
    entries = [{"algorithmName": name, "image": IMAGE} for name in (*bare, *with_context)]
    for entry in entries[len(bare) :]:
        entry["securityContext"] = {"runAsNonRoot": True}
    config = {
        "init": {"controller": {"injectSecurityContext": True} if injected else {}},
        "runtime": {"suggestions": entries},
    }
    data = {"katib-config.yaml": yaml.safe_dump(config)}
    fake.put(CONFIGMAPS, {"metadata": {"name": "katib-config"}, "data": data})


def pod_security(cluster) -> list[tuple[str, str, str]]:
    found = [each for each in findings(cluster, "default") if each.what == "Pod Security"]
    return [(each.level, each.message.partition("refuses ")[2], each.mend) for each in found]


def test_a_restricted_namespace_with_a_restricted_katib_is_all_green(sound, cluster):
    """But for searches that this project has no part in."""
    plant_restricted(sound, injected=True, bare=["enas"], with_context=[*PLAIN, *OURS])
    assert faults(cluster) == {}


def test_a_restricted_namespace_that_refuses_katibs_sidecar_is_named(sound, cluster):
    plant_restricted(sound, injected=False, with_context=OURS)
    ((level, message, mend),) = pod_security(cluster)
    assert (level, message.partition(",")[0]) == ("fault", "those of Trials with Katib's sidecar")
    assert "rollout restart deployment katib-controller" in mend
    assert "init.controller.injectSecurityContext: true" in mend


@pytest.mark.parametrize(("ours", "level"), [((), "fault"), (OURS, "note")], ids=["all", "some"])
def test_so_are_the_searches_that_it_refuses(sound, cluster, ours, level):
    plant_restricted(sound, injected=True, bare=PLAIN, with_context=ours)
    ((found, message, mend),) = pod_security(cluster)
    assert (found, message) == (level, "the searches random, tpe")
    assert "suggestion.katib_config --instead > katib-config.yaml" in mend


@pytest.mark.parametrize("image", ["registry.example.com/a:1", "registry:5000/a:1"])
def test_an_image_of_a_registry_need_not_be_on_a_node_yet(sound, cluster, image):
    serve(sound, asha=image)
    assert faults(cluster) == {}


def test_a_node_that_does_not_tell_of_all_its_images_may_have_ours(sound, cluster):
    a_node(sound, *(f"example/{number}:1" for number in range(50)))
    assert faults(cluster) == {}


def test_a_cluster_without_gpus_is_sound_and_said_to_have_none(sound, cluster):
    a_node(sound, IMAGE)
    assert faults(cluster) == {}
    messages = {each.what: each.message for each in findings(cluster, "default")}
    assert messages["GPUs"] == "none on 1 nodes: Trials run on CPUs"


def test_what_one_may_not_look_at_is_no_fault(sound, cluster):
    before = sound.refuse
    sound.refuse = lambda method, path, body: (
        (403, "nodes is forbidden") if path.endswith("/nodes") else before(method, path, body)
    )
    assert "nodes is forbidden" in faults(cluster)["gpus"]
