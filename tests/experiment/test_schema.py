"""The generated list of fields."""

import dataclasses

from kubeflow_katib_api import models

from katib_experiments.experiment import model
from katib_experiments.experiment.checks.schema import schema
from tests.experiment import generate_schema


def test_the_schema_is_what_its_sources_give_today():
    assert generate_schema.PATH.read_text(encoding="utf-8") == generate_schema.text()


def test_every_type_that_a_field_names_is_there():
    scalars = {"string", "integer", "number", "boolean", "int-or-string", "quantity", "any"}
    named = {type_.strip("[]{}!") for fields in schema().values() for type_ in fields.values()}
    assert named - scalars <= set(schema())


def test_a_job_is_known_down_to_its_containers():
    assert schema()["JobSpec"]["template"] == "PodTemplateSpec"
    assert schema()["PodSpec"]["containers"] == "[]Container!"
    assert schema()["Container"]["command"] == "[]string"


def _camel(name):
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


def test_the_fields_of_the_typed_model_are_katibs():
    ours = {_camel(field.name) for field in dataclasses.fields(model.Experiment)}
    theirs = set(models.V1beta1ExperimentSpec.model_json_schema()["properties"])
    rest = ours - theirs - {"name", "namespace", "document"}
    assert rest == {"metricsCollector"}  # metricsCollectorSpec
    space = {field.name for field in dataclasses.fields(model.FeasibleSpace)}
    assert space == set(models.V1beta1FeasibleSpace.model_json_schema()["properties"])
