"""YAML and JSON as kubectl reads them."""

import math
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from katib_experiments.errors import DocumentError
from katib_experiments.experiment.document import dumps, loads
from katib_experiments.experiment.syntax import scalar

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aZ09 -+.:#'\"[]{},&*!|>%@`?~=\\/é😀\n\t", max_size=8)
    | st.sampled_from(
        [
            "1e-3",
            "0.01",
            "y",
            "on",
            "null",
            "~",
            "",
            "010",
            "0x1F",
            "1:30",
            "2001-01-01",
            "a\nb\n",
            "- a",
            "a: b",
            "#x",
            " x ",
            "'",
            '"',
            "|",
            "<<",
            "=",
            "1_000",
            ".5",
            "+1",
            ".inf",
            "é",
        ]
    )
)
KEYS = st.text("ayn01eE.- /:", max_size=4)
DATA = st.recursive(
    SCALARS, lambda child: st.lists(child, max_size=3) | st.dictionaries(KEYS, child, max_size=3)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("0.99", 0.99),
        (".5", 0.5),
        ("1_000", 1000),
        ("1_0.5", 10.5),
        ("08", 8.0),
        ("0o17", 15),
        ("010", 8),
        ("0x1F", 31),
        ("-3", -3),
        ("y", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("12e", "12e"),
        ("0x_", "0x_"),
        ("-.inf", -math.inf),
    ],
)
def test_a_plain_scalar_means_what_it_means_to_kubectl(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


@given(data=st.dictionaries(KEYS, DATA, max_size=4), fmt=st.sampled_from(["yaml", "json"]))
def test_whatever_is_written_reads_back_as_it_was(data, fmt):
    (document,) = loads(dumps(data, fmt))
    assert document.data == data
    assert repr(document.data) == repr(data)  # 1, 1.0 and True are not the same


@given(data=DATA.filter(lambda data: data != ""))
def test_pyyaml_reads_the_same_text_from_what_is_written(data):
    def texts(value):
        if isinstance(value, dict):
            return [t for each in value.values() for t in texts(each)]
        if isinstance(value, list):
            return [t for each in value for t in texts(each)]
        return [value] if isinstance(value, str) else []

    assert texts(yaml.safe_load(dumps({"data": data}))["data"]) == texts(data)


def test_every_field_path_has_its_line():
    text = 'a: 1\nb:\n  - x: "2"\n    z: 3\n  - [4,\n     5]\nc.d/e: {f: 6}\n'
    (document,) = loads(text)
    paths = ("a", "b", "b[0].x", "b[0].z", "b[1][1]", "[c.d/e].f")
    assert [document.line(path) for path in paths] == [1, 2, 3, 4, 6, 7]


def test_a_missing_field_has_the_line_of_the_field_around_it():
    (document,) = loads("# a comment\nspec:\n  parameters:\n  - name: lr\n")
    assert document.line("spec.parameters[0].feasibleSpace.max") == 4
    assert document.line("spec.objective") == 2
    assert document.line("metadata.labels[a.b/c]") == 2
    assert document.line("") == 2


def test_a_key_given_twice_is_found_and_the_rest_still_read():
    (document,) = loads("a:\n  b: 1\n  c: 2\n  b: 3\n", "x.yaml")
    (problem,) = document.problems
    assert (problem.path, problem.line) == ("a.b", 4)
    assert "line 2" in problem.rule
    assert document.data == {"a": {"b": 3, "c": 2}}


def test_documents_are_parted_by_lines_and_empty_ones_are_none():
    texts = "---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n"
    documents = loads(texts)
    assert [document.data for document in documents] == [{"a": 1}, {"b": 2}]
    assert documents[1].line("b") == 7


def test_a_list_of_kubectl_get_is_its_items():
    text = "kind: List\nitems:\n- kind: A\n  x: 1\n- kind: B\n  x: 2\n"
    documents = loads(text)
    assert [document.data["kind"] for document in documents] == ["A", "B"]
    assert [document.line("x") for document in documents] == [4, 6]


def test_json_may_hold_several_objects_and_any_character():
    documents = loads('{"a": 1}\n{"b": "\\ud83d\\ude00"}')
    assert [document.data for document in documents] == [{"a": 1}, {"b": "😀"}]
    (document,) = loads('{\n  "a": {\n    "b": 1e5}}')
    assert (document.data, document.line("a.b")) == ({"a": {"b": 1e5}}, 3)


def test_keys_are_strings_and_merges_are_made():
    (document,) = loads("base: &b {x: 1, z: 2}\nuse: {<<: *b, z: 3}\n1: a\ntrue: b\n!!str 2: c")
    assert document.data["use"] == {"x": 1, "z": 3}
    assert set(document.data) == {"base", "use", "1", "true", "2"}


_LAUGHS = "".join(f"x{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: [1, 2", "cannot be read"),
        ("a: b: c", "mapping values are not allowed"),
        ("\ta: 1", "cannot be read"),
        ("a: *b", "undefined alias"),
        ("a: &x [*x]", "aliases without end"),
        (f"x0: &a0 [1, 1]\n{_LAUGHS}", "aliases without end"),
        ("? [a]\n: 1", "a key must be a string"),
        ("a: {<<: 1}", "must name a mapping"),
        ("- a", "must be a mapping"),
        ("text", "must be a mapping"),
        ("[" * 100_000, "nested too deeply"),
        ("{" * 100_000, "nested too deeply"),
        ("- " * 5_000, "nested too deeply"),
        ('{"a": 1} x', "cannot be read"),
        ('{"a": 1, "a": 2} {}', "twice"),
        ("a: \x01", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(text, rule):
    with pytest.raises(DocumentError, match=rule) as caught:
        loads(text, "experiment.yaml")
    (problem,) = caught.value.problems
    assert problem.file == "experiment.yaml"
    assert problem.line >= 1


@given(st.text(max_size=40) | st.text("{}[]:,&*!|>'\"%@`#-?\n\t ab1", max_size=40))
def test_no_text_at_all_makes_reading_fail_in_any_other_way(text):
    with suppress(DocumentError):
        loads(text)
