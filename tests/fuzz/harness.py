"""Many damaged files, each tried in a process that may die of it.

A target makes files, or folders of some, and says in a worker what comes of one; whatever is neither used nor
refused by an error of Foveal's own, takes too long or too much memory, or ends the worker, is a failure. Its
file is kept.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

import numpy as np

#: Seconds of the processor, and bytes beyond those of a worker that has done nothing, that no file may take.
MOST_SECONDS, MOST_BYTES = 5.0, 2_000_000_000
# No more than this is given to a worker, for the sake of the machine.
_AT_MOST = 8_000_000_000
#: What may come of a file: it is used, or used but for what is told of, or refused by Foveal's own error.
FINE = ("used", "told", "refused")
# After so many seconds by the clock a worker is taken for dead: the machine may be busy.
_PATIENCE = 60.0


@dataclass
class Outcomes:
    """What came of the files.

    Attributes
    ----------
    counts : Counter
        By outcome: one of :data:`FINE`, or a failure.
    failures : list of (Path, str)
        The files that were kept, and what happened.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Path, str]] = field(default_factory=list)


class Worker:
    """A process that tries files, one after the other, and is started again when one has ended it."""

    def __init__(self, script: str) -> None:
        self._script = script
        self._process: subprocess.Popen[str] | None = None

    def try_file(self, path: Path) -> tuple[str, str]:
        """The outcome of a file, and what is to be told of it."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-W", "ignore", self._script, "--serve"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        with DefaultSelector() as selector:
            selector.register(process.stdout, EVENT_READ)
            answered = bool(selector.select(_PATIENCE))
        line = process.stdout.readline() if answered else ""
        if not line:
            process.kill()
            status = process.wait()
            return "died", f"ended with {status}" if answered else f"no answer in {_PATIENCE:g} seconds"
        answer = json.loads(line)
        return answer["outcome"], answer["text"]

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def serve(try_file: Callable[[Path], str], refused: type[Exception] | tuple[type[Exception], ...]) -> None:
    """Be a worker: try the files whose names come on standard input."""
    # Two gigabytes beyond what the libraries have reserved already.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _AT_MOST,) * 2)
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        began = time.process_time()
        try:
            outcome, text = try_file(Path(line.rstrip("\n"))), ""
        except refused as error:
            outcome, text = "refused", str(error)
        except BaseException as error:
            outcome, text = f"raised {type(error).__name__}", traceback.format_exc()[-1500:]
        seconds = time.process_time() - began
        size = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        if seconds > MOST_SECONDS:
            outcome, text = "slow", f"{seconds:.1f} s; {outcome} {text}"
        if size > MOST_BYTES:
            outcome, text = "large", f"{size / 1e9:.1f} GB; {outcome} {text}"
        print(json.dumps({"outcome": outcome, "text": text}), file=answers, flush=True)
        if outcome == "large":
            return


def run(
    script: str,
    files: Iterator[tuple[Path, str]],
    *,
    seconds: float | None = None,
    number: int | None = None,
    keep: Path | None = None,
) -> Outcomes:
    """Try files until the time is over, or so many have been tried.

    Parameters
    ----------
    script : str
        What the worker runs, with ``--serve``.
    files : iterator of (Path, str)
        Each file or folder is deleted after it was tried; the text says what was done to it.
    seconds, number : optional
    keep : Path, optional
        Where files that failed are kept.
    """
    outcomes, worker, began = Outcomes(), Worker(script), time.monotonic()
    try:
        for path, how in files:
            outcome, text = worker.try_file(path)
            outcomes.counts[outcome] += 1
            if outcome not in FINE:
                place = path
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    place = keep / f"{sum(outcomes.counts.values()):06d}-{path.name}"
                    (shutil.copytree if path.is_dir() else shutil.copy)(path, place)
                outcomes.failures.append((place, f"{outcome} ({how}): {text}"))
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            over = seconds is not None and time.monotonic() - began > seconds
            if over or (number is not None and sum(outcomes.counts.values()) >= number):
                break
    finally:
        worker.close()
    return outcomes


def _copies(corpus: Path, folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(corpus.iterdir()):
        copy = folder / path.name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, copy)
        yield copy, f"{path} again"


def main(
    script: str,
    make: Callable[[np.random.Generator, Path], Iterator[tuple[Path, str]]],
    try_file: Callable[[Path], str],
    refused: type[Exception] | tuple[type[Exception], ...],
) -> int:
    """The command line of a target."""
    asked = argparse.ArgumentParser(description="Try damaged files for as long as it is asked for.")
    asked.add_argument("--seconds", type=float)
    asked.add_argument("--number", type=int)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--keep", type=Path, help="a folder for the files that failed")
    asked.add_argument("--corpus", type=Path, help="a folder of such files, which are tried first")
    asked.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.serve:
        serve(try_file, refused)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(given.seed)
        seconds = given.seconds if given.seconds or given.number else 60.0
        again = _copies(given.corpus, Path(folder)) if given.corpus else iter(())
        files = chain(again, make(rng, Path(folder)))
        found = run(script, files, seconds=seconds, number=given.number, keep=given.keep)
    for outcome, number in found.counts.most_common():
        print(f"{number:8,}  {outcome}")
    for path, text in found.failures[:20]:
        print(f"\n{path}\n{text}")
    return 1 if found.failures else 0
