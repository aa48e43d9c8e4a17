"""As in a container: a user who is nobody, without a home, and one folder that can be written to."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import foveal

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's users and limits")


@pytest.fixture(scope="module")
def place():
    """A folder that every user may go through, which pytest's are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def site(place):
    """The package where it cannot be written to."""
    root = place / "site"
    root.mkdir()
    package = Path(foveal.__file__).parent
    shutil.copytree(package, root / "foveal", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture(scope="module")
def data(place):
    """Two folders of squares that can be read alone."""
    root = place / "data"
    rng = np.random.default_rng(0)
    for name, channel in (("red", 0), ("green", 1)):
        (root / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 80, (32, 32, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield root
    for path in (root, *root.rglob("*")):
        path.chmod(0o755)


@pytest.fixture
def out(place):
    """The one folder that may be written to."""
    folder = Path(tempfile.mkdtemp(dir=place))
    folder.chmod(0o777)
    return folder


@pytest.fixture
def nobody():
    """Words before a command that is run by nobody, who may read everything and write nothing."""
    if os.geteuid():
        # Whoever is not root cannot write to what was closed, and that is all that is needed.
        return []
    program = shutil.which("setpriv")
    reading = "-all,+dac_read_search"
    words = [str(program), "--reuid=65534", "--regid=65534", "--clear-groups"]
    words += [f"--inh-caps={reading}", f"--ambient-caps={reading}"]
    if program is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("root, and no setpriv (util-linux) that can give up its privileges")
    return words


# One core, few files, no language; the home, the temporary folder and the working one are of no use.
LIMITS = "ulimit -n 64; cd /; "


@pytest.fixture
def run(nobody, site):
    def call(*words, **environment):
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(site),
            "LC_ALL": "POSIX",
            "TMPDIR": "/nowhere",
            "HOME": "/nonexistent",
            **environment,
        }
        command = " ".join(["exec", sys.executable, "-m", "foveal", *map(str, words)])
        core = min(os.sched_getaffinity(0))
        done = subprocess.run(
            [*nobody, "sh", "-c", LIMITS + command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        for word in ("atplotlib", "ontconfig", "numba", "Warning", "/nonexistent"):
            assert word not in done.stderr
        return done.stderr

    return call


def test_nothing_can_be_kept(run, data, out):
    said = run("propose", data / "red" / "0.png", "--mode", "single", "--out", out / "p")
    assert said.count("FOVEAL_CACHE") == 1
    assert "anew in every process" in said
    assert (out / "p" / "proposals.json").is_file()


def test_a_training_without_a_home(run, data, out):
    # By features that are compiled.
    words = ["train", data, "--model", "svm", "--set", "image_size=16", "--set", "linear_C=1"]
    said = run(*words, "--out", out / "run", HOME="")
    assert said.count("FOVEAL_CACHE") <= 1
    assert (out / "run" / "report.html").is_file()
    assert [path.name for path in (out / "run").iterdir() if path.name.startswith(".")] == []
    # What is compiled, and the list of fonts, go to the cache that is named.
    cache = out / "cache"
    said = run(*words, "--out", out / "cached", FOVEAL_CACHE=str(cache))
    assert said.count("Compiling") == said.count("once,")
    assert list((cache / "numba").rglob("*.nbi"))
    assert list((cache / "matplotlib").iterdir())
