"""The entries of Katib's configuration."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml

from katib_experiments.algorithms import NAMES
from katib_experiments.suggestion.katib_config import IMAGE, main, with_entries

COMPONENTS = Path(__file__).parents[2] / "manifests/components/suggestion"
SHIPPED = COMPONENTS / "katib-config-v0.19.0.yaml"


def shipped() -> dict:
    return yaml.safe_load(SHIPPED.read_text())


def images(config: dict, key: str = "suggestions") -> dict[str, str]:
    return {entry["algorithmName"]: entry["image"] for entry in config["runtime"][key]}


@pytest.mark.parametrize("component", ["beside", "instead"])
def test_the_components_hold_what_is_generated_from_katibs_own(component, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(SHIPPED.read_text()))
    main(["--instead"] if component == "instead" else [])
    assert (COMPONENTS / component / "katib-config.yaml").read_text() == capsys.readouterr().out


def test_beside_katibs_own_there_are_only_those_that_it_lacks():
    before, after = shipped(), with_entries(shipped(), instead=False)
    assert images(after).items() >= images(before).items()
    assert {name for name, image in images(after).items() if image == IMAGE} == {"zooming", "asha"}
    stopping = images(after, "earlyStoppings")
    assert stopping["asha"] == IMAGE
    assert stopping["medianstop"] == images(before, "earlyStoppings")["medianstop"]


def test_instead_of_katibs_own_there_are_all_and_the_rest_is_kept():
    before, after = shipped(), with_entries(shipped(), instead=True)
    assert {name for name, image in images(after).items() if image == IMAGE} == set(NAMES)
    assert {"enas", "darts", "pbt"} <= images(after).keys()
    assert set(images(after, "earlyStoppings").values()) == {IMAGE}
    assert after["runtime"]["metricsCollectors"] == before["runtime"]["metricsCollectors"]
    assert after["init"] == before["init"]


def test_entries_written_twice_are_there_once():
    once = with_entries(shipped(), instead=True)
    assert with_entries(once, instead=True) == once


def test_every_container_is_restricted_and_leaves_katibs_port_to_katib():
    for entry in with_entries(shipped(), instead=True)["runtime"]["suggestions"]:
        if entry["image"] == IMAGE:
            assert entry["securityContext"]["runAsNonRoot"]
            assert entry["securityContext"]["readOnlyRootFilesystem"]
            assert entry["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert "ports" not in entry


def test_input_that_is_no_configuration_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("kind: Pod\n"))
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 1
    assert "it is no katib-config.yaml" in capsys.readouterr().err
