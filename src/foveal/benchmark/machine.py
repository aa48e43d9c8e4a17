"""What the figures were measured on, and what else it was doing."""

import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foveal.benchmark.tables import rounded
from foveal.parallel import cores

#: Load (runnable processes) from which a warning is due, before anything of ours runs.
LOAD_WARNED_OF = 0.5
#: The same of the time that other processes took, in cores.
OTHERS_WARNED_OF = 0.1


@dataclass(frozen=True)
class Machine:
    """The machine during a run.

    Attributes
    ----------
    cpu : str
        The processor's name as the system tells it.
    cores : int
        That this process may use.
    system, python : str
    load_before, load_after : float or None
        Load averages of the last minute; None where the system has none.
    others : float or None
        Processor time that other processes took during the run, in cores: 0.5 is half a core all the time.
        None where ``/proc/stat`` is missing.
    seconds : float
        How long the run took.
    """

    cpu: str
    cores: int
    system: str
    python: str
    load_before: float | None
    load_after: float | None
    others: float | None
    seconds: float

    @property
    def warnings(self) -> list[str]:
        """A sentence for each reason not to trust the times.

        Examples
        --------
        >>> Machine("", 2, "", "", 0.1, 1.2, 0.0, 60.0).warnings
        []
        """
        found = []
        if self.load_before is not None and self.load_before > LOAD_WARNED_OF:
            found.append(
                f"The load average was {self.load_before:.2f} before the run began: something else was "
                "running, and times may be too long."
            )
        if self.others is not None and self.others > OTHERS_WARNED_OF:
            found.append(
                f"Other processes took {self.others:.2f} cores on average during the run: times may be too "
                "long."
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        known = asdict(self)
        others = rounded(known.pop("others"))
        return known | {"other_processes_cores": others, "seconds": rounded(self.seconds)}

    def describe(self) -> str:
        """One sentence.

        Examples
        --------
        >>> Machine("a cpu", 2, "Linux", "3.12", 0.1, 1.2, 0.03, 60.0).describe()
        'a cpu, 2 cores, Linux, Python 3.12; load average 0.10 before, 1.20 after; other processes took
        0.03 cores.'
        """
        load = "unknown"
        if self.load_before is not None and self.load_after is not None:
            load = f"{self.load_before:.2f} before, {self.load_after:.2f} after"
        others = "" if self.others is None else f"; other processes took {self.others:.2f} cores"
        return (
            f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}; "
            f"load average {load}{others}."
        )


@dataclass(frozen=True)
class Beginning:
    """The clocks when a run began: seconds, the processor's for everybody, the processor's for us."""

    seconds: float
    busy: float | None
    own: float

    @classmethod
    def now(cls) -> "Beginning":
        """Read the clocks."""
        return cls(time.perf_counter(), busy_seconds(), time.process_time())

    def machine(self, load_before: float | None, workers: float) -> Machine:
        """The machine at the run's end.

        Parameters
        ----------
        load_before : float or None
            The load average before anything of the run began.
        workers : float
            Processor seconds that other processes took on the run's behalf.
        """
        seconds, busy, others = time.perf_counter() - self.seconds, busy_seconds(), None
        if self.busy is not None and busy is not None:
            ours = time.process_time() - self.own + workers
            others = max(0.0, busy - self.busy - ours) / seconds
        return Machine(
            cpu=cpu_name(),
            cores=cores(),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            load_before=load_before,
            load_after=load_average(),
            others=others,
            seconds=seconds,
        )


def cpu_name() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load_average() -> float | None:
    """The load average of the last minute."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def busy_seconds(stat: str | os.PathLike[str] = "/proc/stat") -> float | None:
    """Processor seconds of all processes since the machine started.

    Parameters
    ----------
    stat : path-like
        A file in the format of Linux's ``/proc/stat``.

    Returns
    -------
    float or None
        None where there is no such file.
    """
    try:
        first = Path(stat).read_text(encoding="ascii").split("\n", 1)[0].split()
        user, nice, system, _, _, irq, softirq = (int(value) for value in first[1:8])
        return (user + nice + system + irq + softirq) / float(os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, AttributeError):
        return None
