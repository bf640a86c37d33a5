"""The built image at work. Each test starts a container or two, most of them with TensorFlow."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.image.conftest import HARDENED, Run

pytestmark = [pytest.mark.image, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
METRICS = re.compile(r"^\S+Z epoch=\d+ .*\bval_loss=\d", re.MULTILINE)
TRAIN = ("python", "-m", "trial_image.train", "--dataset=digits")


def test_a_trial_trains(run: Run):
    assert len(METRICS.findall(run(*TRAIN, "--epochs=3"))) == 3


def test_it_runs_as_nobody_in_particular_and_writes_to_tmp_alone(run: Run):
    places = "for place in /opt/trial /etc /usr $HOME; do touch $place/x && echo $place; done"
    assert run("sh", "-c", f"{{ {places}; }} 2>/dev/null; id -u").split() == ["/tmp", "65532"]


def test_a_trial_ends_on_sigterm_as_process_1(engine: str, image: str):
    name = f"trial-{uuid.uuid4().hex[:8]}"
    command = [engine, "run", "--rm", "--name", name, *HARDENED, image, *TRAIN, "--epochs=1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as trial:
        assert trial.stdout
        trained = any(METRICS.match(line) for line in trial.stdout)
        subprocess.run([engine, "kill", "--signal=TERM", name], check=True, capture_output=True)
        trial.stdout.read()
    assert trained
    assert trial.returncode == 128 + signal.SIGTERM


def test_everything_that_a_trial_imports_was_compiled_at_build_time(run: Run):
    code = """
import os, sys, trial_image.train
sources = [m.__spec__ for m in [*sys.modules.values()] if getattr(m, '__spec__', None)]
sources = [s for s in sources if (s.origin or '').endswith('.py')]
print(len(sources), *{s.origin for s in sources if not os.path.exists(s.cached)})
"""
    number, *uncompiled = run("python", "-c", code).split()
    assert int(number) > 2000
    assert not uncompiled


def test_the_image_holds_the_pinned_packages_and_says_so(run: Run):
    code = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    inside = {line.lower().replace("_", "-") for line in run("python", "-c", code).splitlines()}
    text = (ROOT / "trial_image/requirements/cpu.txt").read_text()
    pinned = re.findall(r"^([\w.-]+)==(\S+)", text, flags=re.MULTILINE)
    assert inside == {f"{name} {version}" for name, version in pinned}


def test_no_compiler_header_cache_or_pin_file_is_left(run: Run):
    unwanted = ["bin/gcc", "bin/cc", "bin/ld", "tensorflow/include", "*.whl", ".cache", "cpu.txt"]
    tests = " -o ".join(f"-path '*/{name}'" for name in unwanted)
    assert run("sh", "-c", f"find /opt /root /tmp /usr/bin {tests} 2>/dev/null || :") == ""


def test_a_table_in_parquet_is_read(run: Run):
    code = """
import numpy, pyarrow, pyarrow.parquet
x = numpy.arange(200.0)
pyarrow.parquet.write_table(pyarrow.table({'x': x, 'y': x > 99}), '/tmp/t.parquet')
"""
    flags = "--dataset=/tmp/t.parquet --target=y --epochs=1"
    printed = run("sh", "-c", f'python -c "{code}" && python -m trial_image.train {flags}')
    assert METRICS.search(printed)


def test_an_autokeras_search_runs(run: Run):
    flags = ["--dataset=digits", "--max_trials=1", "--epochs=1", "--output_dir=/tmp/search"]
    printed = run("python", "-m", "trial_image.autokeras_search", *flags)
    assert re.search(r"\bval_accuracy=0\.\d+", printed)


def test_the_labels_say_what_it_was_built_from(engine: str, image: str):
    command = [engine, "image", "inspect", "--format={{json .Config.Labels}}", image]
    labels = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    named = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert named["title"] == "katib-automl trial"
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", named["revision"])
    assert named["version"] == image.rpartition(":")[2]
