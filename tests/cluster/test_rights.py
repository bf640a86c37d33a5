"""The rights that are asked for are those that are used, in the code and in the shipped Role."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from katib_experiments.cluster import KatibBackend
from katib_experiments.cluster.client import Cluster
from katib_experiments.cluster.rights import RIGHTS, Right, lacking
from tests.cluster.test_backend import with_output
from tests.support.documents import a_parsed
from tests.support.katib import EXPERIMENTS, TRIALS, a_trial_object, an_experiment_object
from tests.support.manifests import KUBECTL, NO_KUBECTL, render

ROLES = Path(__file__).parents[2] / "manifests" / "pipelines"
VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
NAMESPACED = re.compile(r"(?:/api|/apis/([^/]+))/v1\w*/namespaces/default/(\w+)(/[^/]+)?(/log)?")


class Recorded(Cluster):
    """A client that writes down which right each of its requests took."""

    used: set[Right]

    def _request(self, method, path, query, *rest, **more):
        match = NAMESPACED.fullmatch(path)
        if match and "dryRun" not in (query or {}):  # which who may not do it goes without
            group, resource, name, log = match.groups()
            reading = "watch" if query and "watch" in query else "get" if name else "list"
            verb = VERBS.get(method, reading)
            self.used.add(Right(verb, resource + (log or ""), group or ""))
        return super()._request(method, path, query, *rest, **more)


def a_whole_life(backend: KatibBackend, fake) -> None:
    """Create, edit, watch, read, follow, delete."""
    backend.submit(a_parsed())
    backend.submit(a_parsed(maxTrialCount=9))
    assert backend.names() == ["example"]
    with_output(fake, "Created", "Running")
    outcomes = backend.watch("example")
    next(outcomes)
    assert list(backend.logs("example", "example-a", follow=True))
    fake.put(TRIALS, a_trial_object("example-a", "0.4", "Created", "Succeeded", value="0.4"))
    fake.put(EXPERIMENTS, an_experiment_object("Created", "Succeeded"))
    *_, outcome = outcomes
    assert outcome.logs["example-a"]
    fake.after["DELETE"] = fake.collections[TRIALS].clear
    backend.delete("example")


def test_what_is_asked_for_is_what_the_backend_uses(cluster, fake):
    recorded = Recorded(cluster._api, "default")
    recorded.used = set()
    a_whole_life(KatibBackend(cluster=recorded), fake)
    assert recorded.used == set(RIGHTS)


def test_the_role_of_the_pipelines_grants_these_and_no_others():
    role = yaml.safe_load((ROLES / "role/role.yaml").read_text())
    granted = {
        Right(verb, resource, group)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted == set(RIGHTS)


@pytest.mark.skipif(KUBECTL is None, reason=NO_KUBECTL)
@pytest.mark.parametrize(
    ("installation", "account", "namespace"),
    [
        ("standalone", "pipeline-runner", "kubeflow"),
        ("multi-user", "default-editor", "kubeflow-user-example-com"),
    ],
)
def test_each_installation_binds_its_own_account_to_that_role(installation, account, namespace):
    role, binding = render(ROLES / installation)
    assert [each["metadata"]["namespace"] for each in (role, binding)] == [namespace] * 2
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    (subject,) = binding["subjects"]
    assert (subject["name"], subject["namespace"]) == (account, namespace)


REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
OWN_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def test_a_service_account_is_asked_about_with_its_groups(fake, cluster):
    asked = []

    def review(body):
        asked.append(body["spec"])
        allowed = asked[-1]["resourceAttributes"]["subresource"] != "log"
        return {"status": {"allowed": allowed}}

    fake.posts = {REVIEW: review}
    assert list(map(str, lacking(cluster, "team", "runs:runner"))) == ["get pods/log"]
    assert {spec["user"] for spec in asked} == {"system:serviceaccount:runs:runner"}
    assert "system:serviceaccounts:runs" in asked[0]["groups"]
    assert {spec["resourceAttributes"]["namespace"] for spec in asked} == {"team"}


def test_without_a_service_account_whoever_asks_is_meant(fake, cluster):
    fake.posts = {OWN_REVIEW: lambda body: {"status": {"allowed": "user" not in body["spec"]}}}
    assert list(lacking(cluster, "team")) == []
