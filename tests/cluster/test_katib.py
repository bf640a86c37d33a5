"""A real Katib: its webhook, its controller and its collectors."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from katib_experiments.cli.names import shipped
from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster, Refused, core_path, objects_path
from katib_experiments.cluster.doctor import findings
from katib_experiments.cluster.katib_config import katib_config, served, unrestricted
from katib_experiments.cluster.objects import Source
from katib_experiments.cluster.watching import Feeds
from katib_experiments.errors import ClusterError, DocumentError, ExperimentChanged
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import dumps, load, parse
from katib_experiments.experiment.model import ExperimentCondition, TrialCondition
from katib_experiments.experiment.settings import EARLY_STOPPING_KATIB_LACKS, KATIB_LACKS
from tests.support.backends import (
    REACHABLE,
    REASON_TO_SKIP,
    a_namespace,
    katib,
    on_katib,
    shell_image,
)
from tests.support.proxy import a_proxy

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not REACHABLE, reason=REASON_TO_SKIP),
]


@pytest.fixture
def place(tmp_path):
    with katib(tmp_path) as made:
        yield made


def documents() -> list[Path]:
    return list(shipped().values())


def dry_run(real: Cluster, namespace: str, path: Path) -> dict:
    """The object that the server would keep: the document after Katib's webhooks."""
    (document,) = load(path)
    metadata = document.data["metadata"] | {"namespace": namespace}
    body = document.data | {"metadata": metadata}
    return real.create(objects_path(namespace, "experiments"), body, {"dryRun": "All"})


def lacks(path: Path, config: dict) -> bool:
    """Whether the Experiment asks for what this cluster does not serve."""
    experiment = parse(with_defaults(load(path)[0].data))
    stopping = experiment.early_stopping
    return experiment.algorithm.name not in served(config, "suggestions") or (
        stopping is not None and stopping.name not in served(config, "earlyStoppings")
    )


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.stem)
def test_the_webhook_takes_every_shipped_experiment_and_defaults_it_as_we_do(real, namespace, path):
    if lacks(path, katib_config(real)):
        with pytest.raises(Refused, match=r"unable to get (Suggestion|EarlyStopping) config data"):
            dry_run(real, namespace, path)
        return
    kept = dry_run(real, namespace, path)
    assert kept["spec"] == with_defaults(load(path)[0].data)["spec"]


def test_only_our_own_algorithms_are_those_that_a_plain_katib_lacks(real):
    config = katib_config(real)
    ours = {path.stem for path in documents() if lacks(path, config)}
    assert ours <= {*KATIB_LACKS, *EARLY_STOPPING_KATIB_LACKS}


def test_the_doctor_has_nothing_to_tell_but_of_our_service(real, namespace):
    found = findings(real, namespace)
    lacking = KATIB_LACKS.difference(served(katib_config(real), "suggestions"))
    told = [each.what for each in found if each.level != "ok"]
    assert told == (["our suggestion service"] if lacking else [])


def test_the_doctor_names_a_namespace_without_the_label(real):
    with a_namespace(real, labelled=False) as bare:
        found = findings(real, bare)
        assert [each.what for each in found if each.level == "fault"] == ["namespace"]


def restrict(real, namespace: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    real.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": labels}})


def test_the_doctor_names_a_namespace_that_refuses_what_katib_adds(real):
    config = katib_config(real)
    if config["init"]["controller"].get("injectSecurityContext"):
        pytest.skip("Katib's sidecar is restricted here: nothing is refused")
    with a_namespace(real) as restricted:
        restrict(real, restricted)
        faults = [each for each in findings(real, restricted) if each.level == "fault"]
    assert {each.what for each in faults} == {"Pod Security"}


def test_a_namespace_without_the_label_is_refused_with_the_command_that_labels_it(real):
    with a_namespace(real, labelled=False) as bare:
        experiment = parse(with_defaults(on_katib(shell_image(real))))
        with pytest.raises(ClusterError, match=f"kubectl label namespace {bare} katib.*=enabled"):
            KatibBackend(bare, cluster=real).submit(experiment)


def test_a_namespace_that_does_not_exist_is_refused_with_the_command_that_makes_it(real):
    experiment = parse(with_defaults(on_katib(shell_image(real))))
    with pytest.raises(ClusterError, match="kubectl create namespace nowhere-at-all"):
        KatibBackend("nowhere-at-all", cluster=real).submit(experiment)


def test_experiments_of_one_name_in_two_namespaces_are_kept_apart(real):
    experiment = parse(with_defaults(on_katib(shell_image(real), "namesake")))
    with a_namespace(real) as one, a_namespace(real) as other:
        backends = [KatibBackend(namespace, cluster=real) for namespace in (one, other)]
        for backend in backends:
            backend.submit(experiment)
        for backend in backends:
            *_, outcome = backend.watch("namesake")
            assert outcome.status.condition is ExperimentCondition.SUCCEEDED
            assert len(outcome.trials) == 4


def test_a_namesake_whose_search_would_fail_is_named_and_so_is_ours_by_the_doctor(real):
    document = on_katib(shell_image(real), "namesake")
    with a_namespace(real) as theirs, a_namespace(real) as ours:
        metadata = document["metadata"] | {"namespace": theirs}
        unlabelled = document | {"metadata": metadata}
        real.create(objects_path(theirs, "experiments"), unlabelled)
        with pytest.raises(ClusterError, match=f"runs in namespace {theirs} too"):
            KatibBackend(ours, cluster=real).submit(parse(with_defaults(document)))
        real.create(
            objects_path(ours, "experiments"),
            document | {"metadata": metadata | {"namespace": ours}},
        )
        (found,) = [each for each in findings(real, ours) if each.what == "names"]
        assert f"namesake runs here and is in {theirs} too" in found.message


def test_what_the_webhook_refuses_is_in_its_own_words(place):
    experiment = place.search(resumePolicy="Sometimes")
    with pytest.raises(ClusterError, match=r"denied the request.*invalid ResumePolicyType"):
        place.backend.submit(experiment)


def test_an_algorithm_that_is_not_served_is_a_documents_error(place):
    with pytest.raises(DocumentError, match=r"nonsense.*katib-config has .*random"):
        place.backend.submit(place.search(algorithm={"algorithmName": "nonsense"}))


def test_only_an_experiment_that_ended_by_its_count_can_go_on(place):
    goal = {"type": "maximize", "objectiveMetricName": "accuracy", "goal": 0.05}
    fields = {"objective": goal, "resumePolicy": "LongRunning"}
    place.backend.submit(place.search(**fields))
    list(place.backend.watch("example"))
    with pytest.raises(ExperimentChanged, match="Experiment can be restarted if"):
        place.backend.submit(place.search(maxTrialCount=9, **fields))


def test_values_that_are_not_finite_do_not_become_the_best(place):
    script = (
        "echo accuracy=${trialParameters.x};"
        " case ${trialParameters.x} in 0.2) echo accuracy=nan;; esac"
    )
    choices = {"name": "x", "parameterType": "discrete", "feasibleSpace": {"list": ["0.1", "0.2"]}}
    command, policy = ("sh", "-c", script), {"maxTrialCount": 2, "maxFailedTrialCount": 2}
    place.backend.submit(place.search(command=command, parameters=[choices], **policy))
    *_, outcome = place.backend.watch("example")
    assert outcome.status.condition.ended
    for trial in outcome.trials:
        assert trial.value(outcome.experiment.objective) in (0.1, 0.2)


def until(place, told: str) -> str:
    """The text of everything told, once ``told`` is part of it."""
    for outcome in place.backend.watch("example"):
        messages = [each.message for each in (*outcome.status.conditions[-1:], *outcome.trials)]
        if told in "\n".join(messages):
            return "\n".join(messages)
    raise AssertionError(f"never told: {told}")


DATABASE = "katib-db-manager.kubeflow.svc.cluster.local"
"""Has the port of a search, and answers in gRPC."""


def make(place, real, kind: str, name: str, **spec) -> None:
    """An object of Kubernetes' own in the place's namespace."""
    path = core_path(place.backend.namespace, kind)
    real.create(path, {"metadata": {"name": name}, "spec": spec})


def test_a_search_that_does_not_answer_is_told_of(place, real):
    """A Service of its name is there already, and leads to Katib's database: Katib takes it."""
    elsewhere = {"type": "ExternalName", "externalName": DATABASE}
    make(place, real, "services", "example-random", **elsewhere)
    place.backend.submit(place.search())
    assert "unknown service api.v1.beta1.Suggestion" in until(place, "Suggestion: ")


def with_container(experiment_of, **fields):
    """A search whose Trials' container has other fields."""
    experiment = experiment_of()
    template = experiment.document["spec"]["trialTemplate"]
    container = template["trialSpec"]["spec"]["template"]["spec"]["containers"][0]
    container |= fields
    return parse(experiment.document)


def test_an_image_that_is_nowhere_is_told_of(place):
    image = "localhost/nowhere/at-all:1"
    place.backend.submit(with_container(place.search, image=image))
    assert image in until(place, "ErrImagePull")


def test_a_gpu_that_no_node_has_is_told_of(place):
    limits = {"limits": {"example.com/none-has-it": "1"}}
    place.backend.submit(with_container(place.search, resources=limits))
    assert "Insufficient example.com/none-has-it" in until(place, "Unschedulable")


def test_a_trial_that_runs_out_of_memory_is_told_of(place):
    eat = "tail /dev/zero; echo ${trialParameters.x}"
    limits = {"limits": {"memory": "32Mi"}}
    experiment = with_container(
        lambda: place.search(command=("sh", "-c", eat), maxFailedTrialCount=1), resources=limits
    )
    place.backend.submit(experiment)
    assert "limits.memory" in until(place, "OOMKilled")


def test_a_job_that_kubernetes_would_not_take_is_refused_before_it_is_created(place):
    mounts = [{"name": "nowhere", "mountPath": "/data"}]
    with pytest.raises(DocumentError) as refused:
        place.backend.submit(with_container(place.search, volumeMounts=mounts))
    container = "spec.trialTemplate.trialSpec.spec.template.spec.containers[0]"
    (problem,) = refused.value.problems
    assert problem.path == f"{container}.volumeMounts[0].name"
    assert problem.rule == 'Kubernetes: Not found: "nowhere"'
    assert place.backend.names() == []


def test_a_suggestion_service_that_cannot_start_is_told_of(place, real):
    """A claim of its volume's name is there already, and nobody provides the volume: Katib takes
    it, whatever image the service has."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    make(place, real, "persistentvolumeclaims", "example-random", storageClassName="none", **claim)
    place.backend.submit(place.search(resumePolicy="FromVolume"))
    assert "unbound immediate PersistentVolumeClaims" in until(place, "suggestion service: pod")
    faults = [each for each in findings(real, place.backend.namespace) if each.level == "fault"]
    assert [each.what for each in faults] == ["search"]
    assert "Unschedulable" in faults[0].message


def test_a_suggestion_service_that_is_over_the_quota_is_told_of(place, real):
    make(place, real, "resourcequotas", "none", hard={"pods": "0"})
    place.backend.submit(place.search())
    assert "exceeded quota: none" in until(place, "suggestion service: Error creating: pods")


def test_a_suggestion_service_that_pod_security_refuses_is_told_of(place, real):
    if "random" not in unrestricted(katib_config(real)):
        pytest.skip("the search of this cluster has a security context: it is not refused")
    restrict(real, place.backend.namespace)
    place.backend.submit(place.search())
    told = until(place, 'suggestion service: Error creating: pods "example-random-')
    assert 'violates PodSecurity "restricted' in told


def test_settings_that_the_service_refuses_are_told_of(place):
    settings = [{"name": "sigma", "value": "-1"}]
    algorithm = {"algorithmName": "cmaes", "algorithmSettings": settings}
    place.backend.submit(place.search(algorithm=algorithm))
    *_, outcome = place.backend.watch("example")
    assert outcome.status.condition is ExperimentCondition.FAILED
    assert "Validation failed" in outcome.status.conditions[-1].message


def test_a_running_trial_can_be_followed(place):
    script = "for i in 1 2 3; do echo line $i accuracy=${trialParameters.x}; sleep 1; done"
    counts = {"maxTrialCount": 1, "parallelTrialCount": 1, "maxFailedTrialCount": 1}
    place.backend.submit(place.search(command=("sh", "-c", script), **counts))
    for outcome in place.backend.watch("example"):
        if outcome.trials and outcome.trials[0].condition is TrialCondition.RUNNING:
            break
    lines = list(place.backend.logs("example", outcome.trials[0].name, follow=True))
    assert [line.split()[1] for line in lines] == ["1", "2", "3"]


@pytest.fixture
def cuttable(monkeypatch, tmp_path):
    """The cluster by way of a proxy, and the proxy."""
    kubeconfig = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    cluster = kubeconfig["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    with a_proxy((server.hostname, server.port or 443)) as proxy:
        cluster |= {
            "server": f"https://127.0.0.1:{proxy.port}",
            "tls-server-name": server.hostname,
        }
        (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        yield Cluster(), proxy


def test_a_search_is_watched_to_its_end_however_often_the_connection_is_lost(place, cuttable):
    through, proxy = cuttable
    place.backend.submit(place.search())
    watching = KatibBackend(place.backend.namespace, cluster=through)
    cuts = [(proxy.cut(), outcome) for outcome in watching.watch("example")]
    assert len([count for count, _ in cuts if count]) > 2
    _, outcome = cuts[-1]
    assert outcome.status.condition is ExperimentCondition.SUCCEEDED
    assert len(outcome.trials) == 4


class LongAgo(Source):
    """A list whose first reading is from a time that the server has forgotten."""

    readings = 0

    def read(self, cluster: Cluster) -> dict:
        answer = super().read(cluster)
        LongAgo.readings += 1
        if LongAgo.readings == 1:
            answer["metadata"]["resourceVersion"] = "1"
        return answer


def test_a_watch_from_too_long_ago_begins_with_the_list_again(real, namespace):
    source = LongAgo(objects_path(namespace, "experiments"), {})
    with Feeds(real, {"experiments": source}) as feeds:
        changes = feeds.changes()
        next(changes)
        next(changes)
    assert LongAgo.readings == 2


def test_the_verbs_work_as_they_do_on_this_machine(automl, place, tmp_path):
    (tmp_path / "example.yaml").write_text(dumps(dict(place.search().document)))
    on = ("--on", "katib", "--namespace", place.backend.namespace)
    shown = automl("run", "example.yaml", *on)
    assert shown.code == 0, shown.err
    assert "example Succeeded after 4 Trials" in shown.out
    assert (tmp_path / "runs/example/report.html").is_file()
    (row,) = json.loads(automl("list", "-o", "json", *on).out)
    assert (row["name"], row["condition"], row["done"]) == ("example", "Succeeded", 4)
    document = json.loads(automl("show", "example", "-o", "json", *on).out)
    assert document["status"]["trialsSucceeded"] == 4
    assert automl("logs", "example", "best", *on).out == f"accuracy={row['best']}\n"
    assert automl("delete", "example", "-y", *on).out == "deleted example\n"
    assert "No run there" in automl("list", *on).out
