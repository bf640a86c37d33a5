"""``python -m pipelines permissions``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.__main__ import main
from tests.support.kubernetes import FakeKubernetes, fake_kubernetes, use_kubeconfig

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
FLAGS = ["permissions", "--namespace=team", "--service-account", "default-editor"]


@pytest.fixture
def fake(tmp_path, monkeypatch) -> Iterator[FakeKubernetes]:
    """The cluster of the kubeconfig: nobody may do what is in its ``forbidden``."""
    with fake_kubernetes() as (fake, _):
        fake.posts[REVIEWS] = lambda body: {
            "status": {
                "allowed": body["spec"]["resourceAttributes"]["resource"] not in fake.forbidden
            }
        }
        use_kubeconfig(tmp_path, monkeypatch, fake.address, "team")
        yield fake


def test_an_account_with_every_right_is_told_so(fake, capsys):
    assert main(FLAGS) == 0
    assert capsys.readouterr().out == "default-editor: all that backend=katib needs in team\n"
    assert fake.requests[0][2]["spec"]["user"] == "system:serviceaccount:team:default-editor"


def test_what_is_missing_is_named_with_the_commands_that_mend_it(fake, capsys):
    fake.forbidden.add("events")
    assert main(FLAGS) == 1
    assert capsys.readouterr().out.splitlines() == [
        "team:default-editor may not list events in team",
        "team:default-editor may not watch events in team",
        "mend: kubectl apply --namespace team --kustomize manifests/pipelines/role",
        "      kubectl create rolebinding katib-experiments --namespace team"
        " --role katib-experiments --serviceaccount team:default-editor",
    ]


def test_who_may_not_ask_about_others_is_told_by_the_server(fake, capsys):
    fake.refuse = lambda *_: (403, "cannot create resource subjectaccessreviews")
    assert main(FLAGS) == 1
    assert "cannot create resource subjectaccessreviews" in capsys.readouterr().err


def test_a_flag_that_it_does_not_have_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main([*FLAGS, "--max_trials=3"])
    assert "permissions has no such argument: --max_trials=3" in capsys.readouterr().err
