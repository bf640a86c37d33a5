"""What a shell does to the primary container's command."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katib_experiments.experiment.checks.command import shell_rule
from tests.experiment.samples import CONTAINER, MISSING, POD, errors, problems, warnings_of

C = f"{POD}.containers[0]"
FLAGS = CONTAINER["command"][3:]
SCRIPT = " ".join(CONTAINER["command"])


def command(*words):
    return {f"{C}.command": list(words), f"{C}.args": FLAGS}


@pytest.mark.parametrize(
    ("word", "rule"),
    [
        ("two words", "makes 2 words"),
        ("", "makes 0 words"),
        ("$HOME", "expands $"),
        ("${HOME}", "expands $"),
        ("$(date)", "expands $"),
        ("$$(KNOWN)", "expands $"),
        ("`date`", "expands $"),
        ('"$HOME"', "expands $"),
        ("it's", "no closing quotation"),
        ('{"a": 1}', "makes 2 words"),
        ('print("x")', "takes ( for its own"),
        ("a;b", "takes ; for its own"),
        ("a&&b", "takes & for its own"),
        ("a>b", "takes > for its own"),
        ("#comment", "for a comment"),
        ("a\nb", "a new line"),
        (r"\d+", r"takes the \ away"),
    ],
)
def test_a_word_that_does_not_survive_the_shell_is_told_why(word, rule):
    assert rule in shell_rule(word, {"KNOWN"})


@pytest.mark.parametrize(
    "word",
    [
        "--lr=0.1",
        "/opt/train.py",
        "a,b",
        "a=b:c",
        "--x={a}",
        "[1,2]",
        "100%",
        "a$",
        "user@host",
        "'two words'",
        '"two words"',
        r"two\ words",
        r"\$HOME",
        "'$HOME'",
        r'"\$HOME"',
        "a#b",
        """'import time; print(\"accuracy=0.9\"); time.sleep(6)'""",
        "$(KNOWN)",
        "--a=$(KNOWN)/x",
    ],
)
def test_a_word_that_survives_the_shell_is_left_alone(word):
    assert shell_rule(word, {"KNOWN"}) == ""


@given(st.text(max_size=20))
def test_whatever_is_quoted_for_a_shell_survives_it(text):
    assert "\n" in text or shell_rule(shlex.quote(text), set()) == ""


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash", "/usr/bin/bash", "zsh", "dash"])
def test_only_sh_and_bash_by_name_are_shells_to_katib(shell):
    changes = {f"{C}.command": [shell, "-c"], f"{C}.args": [SCRIPT]}
    (problem,) = errors(changes)
    assert problem.path == f"{C}.command[0]"
    assert "write sh -c" in problem.rule


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_script_for_sh_is_valid(shell):
    assert problems({f"{C}.command": [shell, "-c", SCRIPT]}) == []
    assert problems({f"{C}.command": [shell, "-c"], f"{C}.args": [f"X=$HOME {SCRIPT}"]}) == []


@pytest.mark.parametrize(
    ("words", "at", "rule"),
    [
        ([f"{SCRIPT}\n"], "command[2]", "must not end with a new line"),
        ([SCRIPT, "--more"], "command[3]", "one script and nothing else"),
        ([f"{SCRIPT} # done"], "command[2]", "would not be run"),
        ([f"{SCRIPT} &"], "command[2]", "would not be run"),
        ([f"{SCRIPT};"], "command[2]", "would not be run"),
    ],
)
def test_a_script_that_katibs_addition_does_not_fit_is_an_error(words, at, rule):
    (problem,) = errors({f"{C}.command": ["sh", "-c", *words]})
    assert problem.path == f"{C}.{at}"
    assert rule in problem.rule


def test_a_shell_without_a_script_is_an_error():
    found = errors({f"{C}.command": ["sh", "-c"]})
    assert f"{C}.command" in [problem.path for problem in found]


@pytest.mark.parametrize(
    ("script", "count"),
    [
        (f"cd /x && {SCRIPT}", 1),
        (f"pwd\n{SCRIPT}", 1),
        (f"{{ pwd; {SCRIPT}; }}", 0),
        (f"if true; then {SCRIPT}; fi", 0),
        (f"{SCRIPT} | tee log", 0),
        (f"{SCRIPT} 'a;b' \"#\"", 0),
    ],
)
def test_several_commands_in_a_script_are_a_warning(script, count):
    found = problems({f"{C}.command": ["sh", "-c", script]})
    assert [problem.severity for problem in found] == ["warning"] * count


def test_a_command_is_required_where_katib_wraps_it():
    changes = {f"{C}.command": MISSING, f"{C}.args": CONTAINER["command"]}
    (problem,) = errors(changes)
    assert problem.path == f"{C}.command"
    assert errors(changes | {"spec.metricsCollectorSpec": {"collector": {"kind": "Push"}}}) == []


def test_args_are_read_by_the_shell_too():
    (problem,) = errors(command("python", "-m", "x") | {f"{C}.args": [*FLAGS, "two words"]})
    assert problem.path == f"{C}.args[3]"


def test_pushed_metrics_leave_the_command_as_it_is():
    changes = {f"{C}.command": ["/bin/sh", "-c", SCRIPT]}
    assert errors(changes | {"spec.metricsCollectorSpec": {"collector": {"kind": "Push"}}}) == []


def test_values_that_a_placeholder_takes_must_survive_the_shell():
    values = "spec.parameters[2].feasibleSpace.list"
    found = errors({values: ["sgd", "adam w", "$x", "a;b"]})
    assert [problem.path for problem in found] == [f"{values}[{i}]" for i in (1, 2, 3)]
    quoted = {f"{C}.command[5]": "--optimizer='${trialParameters.optimizer}'"}
    assert errors(quoted | {values: ["sgd", "adam w", "$x", "a;b"]}) == []


def test_a_variable_of_the_container_is_kubernetes_own():
    word = {f"{C}.command[6]": "--data=$(DATA)"}
    assert len(errors(word)) == 1
    assert errors(word | {f"{C}.env": [{"name": "DATA", "value": "/data"}]}) == []


def test_other_containers_are_not_wrapped():
    other = {"name": "other", "image": "a:1", "command": ["/bin/sh", "-c", "sleep 1\n"]}
    assert warnings_of({f"{POD}.containers[1]": other}) == []
    assert errors({f"{POD}.containers[1]": other}) == []
