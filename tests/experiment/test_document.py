"""Documents on their way to the typed model."""

from pathlib import Path

import pytest

from katib_experiments.errors import DocumentError
from katib_experiments.experiment import read, read_text
from katib_experiments.experiment.defaults import with_defaults
from katib_experiments.experiment.document import dumps, load, loads, parse
from katib_experiments.experiment.model import (
    AlgorithmSpec,
    CollectorKind,
    Distribution,
    ParameterType,
    Strategy,
)
from tests.experiment.samples import MISSING, VALID, WEBHOOK, changed


def test_a_file_becomes_a_typed_experiment(tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text(dumps(VALID))
    experiment = read(file)
    assert (experiment.name, experiment.namespace) == ("example", "kubeflow")
    assert [p.name for p in experiment.parameters] == ["lr", "layers", "optimizer"]
    rate, layers, optimizer = experiment.parameters
    assert (rate.type, rate.feasible_space.max) == (ParameterType.DOUBLE, "0.1")
    assert rate.feasible_space.distribution is Distribution.LOG_UNIFORM
    assert layers.feasible_space.distribution is Distribution.UNIFORM
    assert optimizer.feasible_space.list == ("sgd", "adam")
    assert experiment.algorithm == AlgorithmSpec("random", {"random_state": "7"})
    assert (experiment.parallel_trial_count, experiment.max_trial_count) == (2, 12)
    assert experiment.early_stopping is None


def test_the_typed_experiment_holds_katibs_defaults_and_the_document():
    experiment = read_text(dumps(changed({"spec.parallelTrialCount": MISSING})))
    assert experiment.parallel_trial_count == 3
    assert experiment.objective.strategies == {
        "val_accuracy": Strategy.MAX,
        "loss": Strategy.MAX,
    }
    assert experiment.metrics_collector.kind is CollectorKind.STDOUT
    assert experiment.document["spec"]["resumePolicy"] == "Never"
    assert experiment.trial_template.trial_spec == VALID["spec"]["trialTemplate"]["trialSpec"]


def test_nulls_are_fields_that_are_not_there():
    nothing = {"spec.earlyStopping": None, "spec.maxFailedTrialCount": None}
    experiment = read_text(dumps(changed(nothing | {"spec.objective.goal": None})))
    assert experiment.early_stopping is None
    assert experiment.max_failed_trial_count is None
    assert experiment.objective.goal is None


def test_a_file_collector_and_early_stopping_are_taken_over():
    place = {"path": "/logs/m.json", "format": "JSON"}
    changes = {
        "spec.metricsCollectorSpec": {
            "collector": {"kind": "File"},
            "source": {"fileSystemPath": place},
        },
        "spec.earlyStopping": {"algorithmName": "medianstop"},
        "spec.trialTemplate.retain": True,
    }
    experiment = read_text(dumps(changed(changes)))
    assert experiment.metrics_collector.path == "/logs/m.json"
    assert experiment.metrics_collector.file_format == "JSON"
    assert experiment.early_stopping == AlgorithmSpec("medianstop")
    assert experiment.trial_template.retain


def test_a_wrong_document_raises_with_all_its_errors_and_no_warning():
    changes = {"metadata.name": "Bad_Name", "spec.maxTrialCount": 0, "metadata.namespace": MISSING}
    with pytest.raises(DocumentError) as caught:
        read_text(dumps(changed(changes)), "x.yaml")
    assert [p.path for p in caught.value.problems] == ["metadata.name", "spec.maxTrialCount"]
    assert all(str(p).startswith("x.yaml:") for p in caught.value.problems)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("kind: Namespace\napiVersion: v1\n", 0)])
def test_a_file_without_an_experiment_is_refused(text, count):
    with pytest.raises(DocumentError, match=f"must hold one Experiment, not {count}"):
        read_text(text, "x.yaml")


def test_documents_of_other_kinds_may_share_the_file():
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kubeflow"}}
    experiment = read_text("---\n".join([dumps(namespace), dumps(VALID)]))
    assert experiment.name == "example"


def test_two_experiments_in_a_file_are_one_too_many():
    with pytest.raises(DocumentError, match="not 2"):
        read_text("---\n".join([dumps(VALID)] * 2), "x.yaml")


def test_a_file_that_cannot_be_opened_or_is_no_text_is_an_error_of_the_document(tmp_path):
    with pytest.raises(DocumentError, match="No such file"):
        load(tmp_path / "missing.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match="no UTF-8"):
        load(tmp_path / "binary")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    file = tmp_path / "experiment.yaml"
    file.write_text("\ufeff" + dumps(VALID))
    assert load(file)[0].data == VALID


@pytest.mark.parametrize("file", sorted(WEBHOOK.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_document_reads_back_from_what_is_written_of_it(file: Path):
    (document,) = load(file)
    for fmt in ("yaml", "json"):
        assert loads(dumps(document.data, fmt))[0].data == document.data


def test_counts_written_as_floats_are_whole_numbers():
    data = changed({"spec.maxTrialCount": 12.0})
    assert repr(read_text(dumps(data)).max_trial_count) == "12"


def test_parse_needs_no_text():
    assert parse(with_defaults(VALID)).name == "example"
