"""How the program ends when it is told to: by which status, with which words, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

posix = pytest.mark.skipif(os.name != "posix", reason="sends signals")

# A command that says when it is under way, so that it can be sent a signal.
BEGINNING = """
import os, subprocess, sys, time
from foveal import exits
def ready():
    os.write(1, b"ready\\n")
"""

PYTHON = """
def command():
    exits.goes_on_by("Give it again.")
    try:
        ready()
        time.sleep(60)
    finally:
        print("in order", flush=True)
"""

# Compiled code that does not return.
NATIVE = """
import hashlib
def command():
    exits.goes_on_by(lambda: "Give it again.")
    with exits.undoing(lambda: os.write(1, b"undone\\n")), exits.undoing(lambda: 1 / 0):
        ready()
        hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)
"""

# Whoever catches everything, and never comes to an end.
STUBBORN = """
def command():
    exits.goes_on_by("Give it again.")
    ready()
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""

# Threads that Python would wait for, and a process that nobody would.
OTHERS = """
from concurrent.futures import ThreadPoolExecutor
def command():
    exits.goes_on_by("Give it again.")
    pool = ThreadPoolExecutor(1)
    pool.submit(time.sleep, 60)
    words = [sys.executable, "-c", "input()"]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
    exits.undo_at_end(process.kill)
    os.write(1, b"%d\\n" % process.pid)
    ready()
    pool.submit(time.sleep, 60).result()
"""

ANSWERED = """
def command():
    ready()
    try:
        time.sleep(60)
    except KeyboardInterrupt as stop:
        assert stop.number == 2
        exits.answered()
    time.sleep(exits.GRACE + 0.3)
    print("all")
"""


def start(body, **options):
    program = f"{BEGINNING}{body}\nexits.program(command)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background may have it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, options.get("sigint", signal.SIG_DFL)),
    )
    said = ""
    while not said.endswith("ready\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        said += line
    return process, said.removesuffix("ready\n")


def send(body, *signals, apart=0.0):
    process, said = start(body)
    time.sleep(0.3)  # until it is at what takes so long
    for number in signals:
        process.send_signal(number)
        time.sleep(apart)
    out, err = process.communicate(timeout=20)
    return process.returncode, said + out, err


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("body", "said"),
    [(PYTHON, "in order\n"), (NATIVE, "undone\n"), (STUBBORN, "")],
    ids=["Python", "native", "stubborn"],
)
def test_a_signal_ends_it_whatever_it_is_at(body, said, number, status):
    assert send(body, number) == (status, said, "foveal: stopped. Give it again.\n")


@posix
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_first_of_two_signals_counts(second):
    # Of signals that wait together the kernel delivers the one with the least number first.
    ended = send(NATIVE, signal.SIGTERM, second, apart=0.5)
    assert ended == (143, "undone\n", "foveal: stopped. Give it again.\n")


@posix
def test_the_same_signal_at_once_is_one():
    assert send(NATIVE, signal.SIGTERM, signal.SIGTERM) == (
        143,
        "undone\n",
        "foveal: stopped. Give it again.\n",
    )


def runs(process):
    """Whether a process is at work; one that has ended may not have been asked after yet."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    told = Path(f"/proc/{process}/stat")
    return not (told.exists() and told.read_text().rpartition(")")[2].split()[0] == "Z")


@posix
def test_neither_threads_nor_processes_are_left():
    status, said, err = send(OTHERS, signal.SIGTERM)
    assert (status, err) == (143, "foveal: stopped. Give it again.\n")
    assert not runs(int(said))


@posix
def test_a_signal_that_was_waited_for_is_no_end():
    assert send(ANSWERED, signal.SIGINT) == (0, "all\n", "")


@posix
def test_what_is_to_be_ignored_is():
    process, _ = start("def command():\n    ready()\n    time.sleep(60)", sigint=signal.SIG_IGN)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (143, "")
    assert err.startswith("foveal: stopped.")


@posix
def test_a_forked_process_ends_alone():
    body = """
def command():
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, b".")
        time.sleep(60)
    os.read(reader, 1)
    os.kill(child, 15)
    os.write(1, b"%d\\n" % os.waitpid(child, 0)[1])
    ready()
"""
    assert send(body) == (0, "15\n", "")


@posix
def test_during_imports(tmp_path):
    (tmp_path / "typer.py").write_text("print('importing', flush=True)\nimport time\ntime.sleep(60)\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "foveal", "--help"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "foveal: stopped. Nothing was begun: give the command again.\n"


# -- pipes --------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_is_no_error(stream, tmp_path):
    for i in range(2):
        Image.new("RGB", (40, 30), (i, 9, 9)).save(tmp_path / f"{i}.png")
    reader, writer = os.pipe()
    os.close(reader)
    words = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writer}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "foveal",
            "propose",
            str(tmp_path),
            "--mode",
            "single",
            "--out",
            str(tmp_path / "o"),
        ],
        text=True,
        check=False,
        **words,
    )
    os.close(writer)
    assert done.returncode == 0
    assert (tmp_path / "o" / "proposals.json").exists()
    assert "roken pipe" not in (done.stderr or "") + (done.stdout or "")
    assert "Traceback" not in (done.stderr or "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_on_a_full_disk():
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "foveal", "--version"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("foveal: ")
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
