"""The processes that methods run in, one each, seen from the side that asks."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.benchmark._worker import receive, send
from foveal.errors import FovealError, SettingError

WORKER_FILE = Path(__file__).with_name("_worker.py")
_PATIENCE = 120.0

# Whatever may start threads on its own reads one of these.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class WorkerError(FovealError):
    """A method's process could not be started, or it ended by itself."""


def find_packages(
    python: str | os.PathLike[str], *, program: str | os.PathLike[str] = WORKER_FILE
) -> dict[str, str]:
    """Which peers an interpreter can import.

    Parameters
    ----------
    python : path-like
        A Python interpreter, of another environment perhaps.
    program : path-like, optional
        What is asked in place of ``_worker.py``.

    Returns
    -------
    dict of str to str
        Versions by the names under which the packages are installed; ``numpy`` is always there.

    Raises
    ------
    SettingError
        If it is no Python, or it has no NumPy.

    Examples
    --------
    >>> "numpy" in find_packages(sys.executable)
    True
    """
    mend = "name the interpreter of the environment that the peers are installed in (its bin/python)"
    try:
        done = subprocess.run(
            [os.fspath(python), os.fspath(program), "detect"],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        packages = json.loads(done.stdout)["packages"]
    except OSError as error:
        raise SettingError(f"{python} cannot be run ({error.strerror}): {mend}.") from None
    except (ValueError, LookupError, TypeError):
        raise SettingError(f"{python} is not a Python that the peers can run in: {mend}.") from None
    except subprocess.TimeoutExpired:
        raise SettingError(f"{python} did not answer within {_PATIENCE:.0f} seconds: {mend}.") from None
    if "numpy" not in packages:
        raise SettingError(f"{python} cannot import numpy: install it there, beside the peers.")
    return {str(name): str(version) for name, version in packages.items()}


class Worker:
    """A process that runs one method on image after image.

    Parameters
    ----------
    name : str
        The method, as sentences about it say.
    python : path-like
        The interpreter.
    task : str
        A key of ``TASKS`` in ``_worker.py``.
    options : dict
        Passed on to it.
    threads : int
        What OpenMP, BLAS, Numba and OpenCV are held to.
    program : path-like, optional
        What is run in place of ``_worker.py``.
    environment : mapping, optional
        Further variables of its environment.

    Raises
    ------
    WorkerError
        If the method cannot be started.
    """

    def __init__(
        self,
        name: str,
        python: str | os.PathLike[str],
        task: str,
        options: dict[str, Any],
        threads: int = 1,
        *,
        program: str | os.PathLike[str] = WORKER_FILE,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        words = json.dumps({"task": task, "options": options, "threads": threads})
        held = dict.fromkeys(_THREAD_VARIABLES, str(threads))
        try:
            self.process = subprocess.Popen(
                [os.fspath(python), os.fspath(program), "run", words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env={**os.environ, **held, **(environment or {})},
            )
        except OSError as error:
            self.errors.close()
            raise WorkerError(f"{name} cannot be started: {python}: {error.strerror}.") from None
        try:
            answer = self._receive()[0]
            if "error" in answer:
                raise WorkerError(f"{name} cannot be started: {answer['error']}.")
        except BaseException:
            self.close()
            raise

    def measure(self, image: NDArray[np.uint8]) -> tuple[float, NDArray[Any]] | str:
        """Run the method on an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
            RGB.

        Returns
        -------
        tuple of float and ndarray, or str
            Seconds of the call alone, and its result: boxes of shape (N, 4), float32, or the region of
            each pixel, of shape (H, W), int32. A string is what the method said when it failed.

        Raises
        ------
        WorkerError
            If the process ended.
        """
        header, body = self.ask({"do": "measure", "shape": image.shape}, image.tobytes())
        if "error" in header:
            return str(header["error"])
        result = np.frombuffer(body, np.dtype(header["dtype"])).reshape(header["shape"])
        return float(header["seconds"]), result

    def usage(self) -> tuple[int | None, float]:
        """The most memory that the process had in RAM so far, in bytes, and its processor seconds."""
        answer = self.ask({"do": "usage"})[0]
        return answer["peak_memory"], float(answer["cpu_seconds"])

    def close(self) -> None:
        """End the process; nothing happens where it has ended."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written to a process that is no more
                    stream.close()
        self.errors.close()

    def ask(self, header: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its answer.

        Raises
        ------
        WorkerError
            If the process ended.
        """
        assert self.process.stdin is not None
        try:
            send(self.process.stdin, header, body)
        except OSError:
            raise WorkerError(self._epitaph()) from None
        return self._receive()

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout is not None
        try:
            answer = receive(self.process.stdout)
        except (ValueError, LookupError, TypeError):
            answer = None
        if answer is None:
            raise WorkerError(self._epitaph())
        return answer

    def _epitaph(self) -> str:
        """One sentence about a process that does not answer, with the last line that it wrote."""
        try:
            status: Any = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return f"The process of {self.name} does not answer as it should."
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        return f"The process of {self.name} ended {how}" + (f": {last[:200].rstrip('.')}." if last else ".")


def pythons(peers_python: str | os.PathLike[str] | None) -> list[str | os.PathLike[str]]:
    """The interpreters that peers are looked for in: the one that was named, and that of this process."""
    return [sys.executable] if peers_python is None else [peers_python, sys.executable]
