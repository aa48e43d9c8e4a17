"""The runs of a folder, each in a line."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from foveal.errors import DataError, FovealError
from foveal.files import json_value, read_regular
from foveal.runs.folder import RunFolder

# Bytes of a metrics.json.
_LARGEST = 50_000_000
# Folders below the one that is named that are looked into.
_DEEPEST = 5
#: The figures that sum a run up, the first of which it has.
HEADLINES = ("AP50", "AP", "accuracy", "balanced_accuracy", "proposals/recall50@1000", "proposals/MABO@1000")


@dataclass(frozen=True)
class ListedRun:
    """What is told of a run.

    Attributes
    ----------
    path : pathlib.Path
    state : {"finished", "unfinished", "damaged"}
    data, model : str
        The name of the data's folder, and of the model; empty where not known.
    seed : int or None
    figures : dict of str to float
        All of ``metrics.json``; empty where it is not there yet.
    seconds : float
        Of all stages that are finished.
    size : int
        Bytes of the whole folder.
    changed : float
        When its figures, or else its log, were written; in seconds since 1970.
    why : str
        What is wrong with a damaged one; how to go on with an unfinished one.
    """

    path: Path
    state: Literal["finished", "unfinished", "damaged"]
    data: str = ""
    model: str = ""
    seed: int | None = None
    figures: Mapping[str, float] | None = None
    seconds: float = 0.0
    size: int = 0
    changed: float = 0.0
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """What ``--json`` writes."""
        return {**asdict(self), "path": str(self.path)}


def list_runs(folder: str | os.PathLike[str]) -> list[ListedRun]:
    """All runs in a folder and those below it, the oldest first.

    Parameters
    ----------
    folder : path-like
        It may be a run itself.

    Returns
    -------
    list of ListedRun
        Empty where there are none. Those that are unfinished or damaged are in it, and say so.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}: name the one that holds the runs.")
    return sorted(map(_listed, _run_folders(folder, _DEEPEST)), key=lambda run: (run.changed, str(run.path)))


def _run_folders(folder: Path, deepest: int) -> Iterator[Path]:
    if (folder / "config.toml").is_file() and _looks_like_a_run(folder):
        yield folder
        return
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return  # a folder of somebody else's
    for path in inner:
        if deepest and not path.name.startswith("."):
            yield from _run_folders(path, deepest - 1)


def _looks_like_a_run(folder: Path) -> bool:
    """Whether a ``config.toml`` is ours: other programs have one as well."""
    try:
        with (folder / "config.toml").open("rb") as file:
            if file.read(20).startswith(b"# A run of Foveal"):
                return True
    except OSError:
        pass  # it may be one that cannot be read
    return (folder / "log.jsonl").is_file() or (folder / "model.safetensors").is_file()


def _listed(path: Path) -> ListedRun:
    from foveal.report.sections.run import total_seconds

    folder = RunFolder(path)
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    times = [
        f.stat().st_mtime for f in (folder.metrics_file, folder.log_file, folder.config_file) if f.is_file()
    ]
    try:
        config = folder.read_config()
        figures = read_metrics(folder) if folder.metrics_file.is_file() else {}
        seconds = total_seconds(folder.read_log())
    except (FovealError, OSError) as error:
        return ListedRun(path, "damaged", size=size, changed=times[0], why=str(error))
    data = config.get("data", {}).get("path", "")
    return ListedRun(
        path,
        "finished" if folder.finished else "unfinished",
        # A run of another computer may have been trained on a path of another system.
        data=(PureWindowsPath(data) if "\\" in data else Path(data)).name,
        model=config.get("model", ""),
        seed=config.get("seed"),
        figures=figures,
        seconds=seconds,
        size=size,
        changed=times[0],
        why="" if folder.finished else "foveal train --resume goes on with it.",
    )


def read_metrics(folder: RunFolder) -> dict[str, float]:
    """The figures of ``metrics.json``.

    Raises
    ------
    DataError
        If it is not there, or holds something else.
    """
    try:
        figures = json_value(read_regular(folder.metrics_file, largest=_LARGEST).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{folder.metrics_file} cannot be read ({error}): it holds no figures.") from error
    if not isinstance(figures, dict) or not all(isinstance(v, int | float) for v in figures.values()):
        raise DataError(f"{folder.metrics_file} holds no figures: it is no file of a run any more.")
    return figures
