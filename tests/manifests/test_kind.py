"""The scripts of manifests/kind, with programs in place of kind and kubectl that note each call."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from katib_experiments.suggestion.katib_config import IMAGE
from tests.support.manifests import MANIFESTS

KIND = MANIFESTS / "kind"
RANDOM = MANIFESTS / "experiments/random.yaml"
PROGRAM = """#!/bin/sh
call="$(basename "$0") $*"
echo "$call" >> "$CALLS"
case $call in
  "kind get clusters") echo "$CLUSTERS" ;;
  *"get deployment katib-controller"*) [ "$KATIB" = there ] ;;
  *"--dry-run=server"*) [ "$(grep -c dry-run=server "$CALLS")" -gt "${REFUSALS:-0}" ] ;;
  *"wait --for=condition=Succeeded"*) [ "$EXPERIMENT" != failed ] ;;
esac
"""

Script = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def script(tmp_path: Path, calls: Path) -> Script:
    """Runs a script with variables; nothing waits, since ``sleep`` is such a program as well."""
    for name in ("kind", "kubectl", "sleep", "loader"):
        (tmp_path / name).write_text(PROGRAM)
        (tmp_path / name).chmod(0o755)

    def run(name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(calls), **variables}
        return subprocess.run(
            [KIND / name], env=environment, capture_output=True, text=True, check=False
        )

    return run


def steps(calls: Path) -> list[str]:
    """Each call in a few words."""
    kinds = {
        r"kind create cluster": "nodes",
        r"apply -k .*/overlays/kind$": "katib",
        r"wait .*deployment/katib-controller": "ready",
        r"load .*trial": "trial image",
        r"load .*suggestion": "suggestion image",
        r"--dry-run=server": "webhook",
        r"apply -f -$": "example",
        r"wait .*Succeeded": "end",
    }
    lines = calls.read_text().splitlines()
    return [word for line in lines for rule, word in kinds.items() if re.search(rule, line)]


def test_up_makes_nodes_katib_images_and_an_example(script, calls):
    done = script("up.sh")
    assert done.returncode == 0, done.stderr
    expected = ["nodes", "katib", "ready", "trial image", "suggestion image"]
    assert steps(calls) == [*expected, "webhook", "example", "end"]


def test_nodes_that_are_there_are_kept_and_no_other_cluster_is_touched(script, calls):
    assert script("up.sh", CLUSTERS="other\nmine", CLUSTER="mine").returncode == 0
    assert steps(calls)[0] == "katib"
    for line in calls.read_text().splitlines():
        assert not line.startswith("kubectl") or line.startswith("kubectl --context=kind-mine ")


def test_without_kind_the_cluster_of_kubeconfig_and_its_katib_are_used(script, calls):
    done = script("up.sh", KIND="", KUBECONFIG="some", KATIB="there", LOAD="loader load")
    assert done.returncode == 0, done.stderr
    expected = ["ready", "trial image", "suggestion image", "webhook", "example", "end"]
    assert steps(calls) == expected
    assert "kind" not in calls.read_text().split()


def test_without_kind_a_cluster_without_katib_gets_it(script, calls):
    assert script("up.sh", KIND="", KUBECONFIG="some", IMAGES="").returncode == 0
    assert steps(calls)[:2] == ["katib", "ready"]


@pytest.mark.parametrize("name", ["up.sh", "load.sh", "down.sh"])
def test_without_kind_and_kubeconfig_nothing_is_done(script, calls, name):
    done = script(name, KIND="")
    assert done.returncode != 0
    assert "set KUBECONFIG" in done.stderr
    assert not calls.exists()


def test_the_example_waits_until_the_webhooks_answer(script, calls):
    assert script("up.sh", REFUSALS="3").returncode == 0
    assert steps(calls).count("webhook") == 4
    assert steps(calls)[-1] == "end"


def test_an_example_that_does_not_succeed_is_described(script, calls):
    assert script("up.sh", EXPERIMENT="failed").returncode == 1
    assert calls.read_text().splitlines()[-1].endswith(f"describe -f {RANDOM}")


def test_no_example_is_run_where_none_is_wanted(script, calls):
    assert script("up.sh", EXAMPLE="").returncode == 0
    assert steps(calls)[-1] == "suggestion image"


def test_archives_and_images_are_loaded_onto_every_node(script, calls):
    assert script("load.sh", IMAGES="trial.tar example/trial:1").returncode == 0
    assert calls.read_text().splitlines() == [
        "kind load image-archive trial.tar --name katib",
        "kind load docker-image example/trial:1 --name katib",
    ]


def test_an_image_that_cannot_be_loaded_is_named(script):
    done = script("load.sh", KIND="", KUBECONFIG="some", IMAGES="example/trial:1")
    assert done.returncode == 0
    assert "example/trial:1" in done.stdout


def test_down_deletes_the_nodes(script, calls):
    assert script("down.sh").returncode == 0
    assert calls.read_text() == "kind delete cluster --name katib\n"


def test_down_leaves_a_cluster_that_was_there_but_for_the_example(script, calls):
    assert script("down.sh", KIND="", KUBECONFIG="some").returncode == 0
    assert calls.read_text() == f"kubectl delete --ignore-not-found -f {RANDOM}\n"


def test_the_images_that_are_loaded_are_those_that_are_run(script, calls):
    script("load.sh")
    trial = yaml.safe_load(RANDOM.read_text())["spec"]["trialTemplate"]["trialSpec"]
    (container,) = trial["spec"]["template"]["spec"]["containers"]
    loaded = re.findall(r"docker-image (\S+)", calls.read_text())
    assert loaded == [container["image"], IMAGE]


def test_the_nodes_image_is_pinned_by_its_digest():
    (node,) = yaml.safe_load((KIND / "cluster.yaml").read_text())["nodes"]
    assert re.fullmatch(r"kindest/node:v[\d.]+@sha256:[0-9a-f]{64}", node["image"])
