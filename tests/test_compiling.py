import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foveal import compiling, kernels
from foveal.models import MODELS, model_class
from foveal.proposals.warm_ups import SEARCH

SEARCHED = """
import numpy as np
from foveal.proposals import SelectiveSearch
from foveal import parallel
search = SelectiveSearch("single")
parallel.map(lambda _: search.propose(np.zeros((9, 9, 3), np.uint8)), range(4), n_jobs=2)
"""

NETWORK = """
import numpy as np
from foveal import nn
network = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
for _ in range(2):
    network(np.zeros((1, 2), np.float32))
"""


@pytest.mark.parametrize(
    ("program", "what"), [(SEARCHED, "selective search"), (NETWORK, "the network engine")]
)
def test_compiling_is_told_once_in_a_new_installation(program, what, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def said():
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stderr

    assert said().count(f"Compiling {what}") == 1
    assert said() == ""


# Kernels that are never there, and warm-ups that tell by whom they are done.
SLOW = """
import os, time
from numba import njit
from foveal.compiling import warms_up

@njit
def kernel(x):
    return x

def note(what):
    with open(os.environ["NOTES"], "a") as file:
        niceness = os.nice(0) if hasattr(os, "nice") else 0
        file.write(f"{what} {os.getpid()} {niceness}\\n")
    time.sleep(0.3)

@warms_up("slow", "kernel")
def one(): note("one")

@warms_up("slow", "kernel")
def two(): note("two")

@warms_up("slow", "kernel")
def three(): note("three")

@warms_up("slow", "kernel")
def four(): note("four")

@warms_up("slow", "kernel")
def broken(): note("broken"); 1 / 0
"""
NAMES = [f"slow:{name}" for name in ("one", "two", "three", "four")]


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Reads which warm-ups were done and by which process, as soon as there are so many."""
    (tmp_path / "slow.py").write_text(SLOW)
    path = tmp_path / "notes.txt"
    monkeypatch.setenv("NOTES", str(path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow", raising=False)
    monkeypatch.setattr(compiling, "_work", compiling._Work())
    monkeypatch.setattr(compiling, "_cores", lambda: 2)
    monkeypatch.setattr(compiling, "_said", [])

    def read(number):
        for _ in range(600):
            lines = path.read_text().splitlines() if path.exists() else []
            if len(lines) >= number:
                break
            time.sleep(0.1)
        return [(name, int(process)) for name, process, _ in map(str.split, lines)]

    return read


def test_another_process_does_the_first_and_this_one_the_last(notes):
    before = compiling.seconds_compiling()
    assert compiling.begin(NAMES)
    notes(1)
    compiling.ready("slow:")
    done = dict(notes(4))
    assert len(done) == 4
    assert done["one"] != os.getpid()
    assert done["four"] == os.getpid()
    assert compiling.seconds_compiling() - before >= 0.3
    # It was all done once, and is not begun again.
    compiling.begin(NAMES)
    compiling.ready()
    assert len(notes(4)) == 4


def test_what_is_not_needed_yet_is_left_to_the_other_process(notes):
    compiling.begin(NAMES)
    notes(1)
    compiling.ready("slow:t")
    compiling.ready("slow:nothing")
    mine = [name for name, process in notes(3) if process == os.getpid()]
    assert mine
    assert set(mine) <= {"two", "three"}
    compiling.ready()


def test_a_process_that_was_started_ahead_does_it(notes):
    compiling.start_ahead("import slow; slow.note('ahead')")
    compiling.begin(NAMES)
    compiling.ready("slow:")
    done = dict(notes(5))
    assert done["ahead"] == done["one"] != os.getpid()


@pytest.mark.parametrize("kept", [False, True])
def test_a_process_is_started_ahead_where_nothing_is_kept(notes, monkeypatch, tmp_path, kept):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))
    (tmp_path / "kernels" / "nn").mkdir(parents=True)
    if kept:
        (tmp_path / "kernels" / "nn" / "kernel-1.py311.nbi").touch()
    kernels.expect()
    process = compiling._work.ahead
    assert (process is None) == kept
    if process is not None:
        # It has nothing to do, and ends when its input does.
        assert process.communicate("", timeout=60) == ("", None)
        assert process.returncode == 0


@pytest.mark.parametrize("program", [os.devnull, "/nowhere/python"])
def test_a_process_that_cannot_be_started_is_no_harm(notes, monkeypatch, program):
    monkeypatch.setattr(sys, "executable", program)
    monkeypatch.setattr(compiling, "_may_share", lambda: True)
    assert compiling.begin(NAMES)
    compiling.ready()
    assert {process for _, process in notes(4)} == {os.getpid()}


def test_what_takes_too_long_is_waited_for_only_once(monkeypatch):
    work, over = compiling._Work(), []
    work.begun.append("slow:one")
    monkeypatch.setattr(work.changed, "wait_for", lambda done, patience: over.append(done()))
    work.finish(("slow:",))
    work.finish(("slow:",))
    assert over == [False, True]


def test_a_warm_up_that_fails_is_no_harm(notes):
    compiling.begin(["slow:broken", *NAMES])
    compiling.ready()
    assert len(notes(5)) == 5


def test_a_warm_up_that_meets_the_question_does_not_wait_for_itself(notes, monkeypatch):
    compiling.begin(NAMES)
    slow = importlib.import_module("slow")
    monkeypatch.setattr(slow, "note", lambda _: compiling.ready())
    began = time.perf_counter()
    compiling.ready()
    assert time.perf_counter() - began < compiling._PATIENCE / 2


@pytest.mark.parametrize(
    ("name", "value"), [("_cores", lambda: 1), ("_may_share", lambda: False)], ids=["one core", "packed"]
)
def test_no_process_is_started_on_one_core_or_by_a_packed_program(notes, monkeypatch, name, value):
    monkeypatch.setattr(compiling, name, value)
    assert compiling.begin(NAMES)
    assert not compiling._work.processes
    compiling.ready()
    assert {process for _, process in notes(4)} == {os.getpid()}


def test_a_packed_program_is_no_python(monkeypatch):
    assert compiling._may_share()
    monkeypatch.setattr(sys, "executable", "/opt/app/photos")
    assert not compiling._may_share()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="asks for the priority of a process")
def test_what_is_needed_later_stands_back(notes):
    compiling.begin(NAMES[:1])
    compiling.begin(NAMES[1:], idle=True)
    notes(4)
    lines = map(str.split, Path(os.environ["NOTES"]).read_text().splitlines())
    nicenesses = {name: int(niceness) - os.nice(0) for name, _, niceness in lines}
    assert nicenesses["one"] == 0
    assert nicenesses["two"] > 0
    compiling.ready()


@pytest.mark.skipif(not Path("/proc").exists(), reason="asks /proc for a process")
def test_the_other_process_ends_when_this_one_is_killed(notes):
    program = f"""
from foveal import compiling, kernels
compiling._cores = lambda: 2
compiling.begin({NAMES})
input()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:
        other = Path(f"/proc/{notes(1)[0][1]}/cmdline")
        process.send_signal(signal.SIGKILL)
    for _ in range(300):
        # What has ended and was not asked after yet has no words left.
        if not other.exists() or not other.read_bytes():
            break
        time.sleep(0.1)
    else:
        pytest.fail("It is still there.")
    assert len(notes(1)) < len(NAMES)


def test_what_lies_compiled_is_not_begun(tmp_path):
    program = """
from foveal import compiling, kernels
names = ["foveal.boxes.warm_ups:matching"]
print(compiling.begin(names), end=" ")
compiling.ready()
print(compiling._work.pending, compiling.seconds_compiling() > 0.05)
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    answers = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert answers[0].stdout == "True [] True\n"
    assert answers[0].stderr.count("Compiling what is needed") == 1
    assert answers[1].stdout == "False [] False\n"
    assert answers[1].stderr == ""


@pytest.mark.parametrize("name", [*MODELS, "a search"])
def test_warm_ups_name_kernels_that_are_there(name):
    names = SEARCH if name == "a search" else model_class(name).warm_ups
    assert len(set(names)) == len(names)
    for warm_up in names:
        for module, kernel in compiling._found(warm_up).kernels:
            assert hasattr(getattr(importlib.import_module(module), kernel), "signatures"), warm_up


# Prints the kernels, with the types of their arguments, that training needs beyond the warm-ups.
BEYOND = """
import json, sys
from foveal import compiling, kernels
from foveal.models import model_class
from foveal.proposals.warm_ups import SEARCH
from foveal.runs import train

def compiled():
    rooms = [m for name, m in list(sys.modules.items()) if name.startswith("foveal.")]
    kernels = {k for room in rooms for k in vars(room).values() if hasattr(k, "signatures")}
    return {(k.__module__, k.__name__, str(s)) for k in kernels for s in k.signatures}

name, data, out, settings = sys.argv[1:]
for warm_up in (*model_class(name).warm_ups, *(SEARCH if name in ("faster-rcnn", "rpn") else ())):
    compiling.run(warm_up)
before = compiled()
train(data, model=name, out=out, settings=json.loads(settings))
assert before
print(sorted(compiled() - before))
"""


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("mlp", {"epochs": 1}),
        ("cnn", {"epochs": 1}),
        ("transfer", {"fine_tune": 0}),
        ("fast-rcnn", {"epochs": 1}),
        ("faster-rcnn", {"epochs": 1, "size": 128}),
    ],
)
def test_training_compiles_nothing_but_what_is_warmed_up(name, settings, request, tmp_path):
    data = request.getfixturevalue("scene_folder" if name.endswith("rcnn") else "color_folder")
    done = subprocess.run(
        [sys.executable, "-c", BEYOND, name, data, tmp_path / "run", json.dumps(settings)],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n", done.stderr
