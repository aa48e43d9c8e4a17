"""The folder that a run leaves behind."""

import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, load
from foveal.errors import DataError, ModelFileError
from foveal.events import Event
from foveal.files import append_line, empty_folder, readable, write_json, write_text
from foveal.files.names import file_named
from foveal.files.plain import json_text
from foveal.files.tables import spreadsheet_text
from foveal.models.loading import MODEL_FILE

# Bytes of a config.toml or log.jsonl: those of a hundred thousand images and as many epochs have a tenth.
_LARGEST = 500_000_000
_BEGINNING = "# A run of Foveal: every setting as resolved.\n"


@dataclass(frozen=True)
class RunFolder:
    """The files of a run.

    ``config.toml``, ``log.jsonl``, ``model.safetensors``, ``predictions.json`` (``predictions.csv`` of a
    classifier), ``metrics.json`` and ``report.html``, and while a network is trained
    ``checkpoint.safetensors``. Each is written whole or not at all; the log grows by whole lines.

    Attributes
    ----------
    path : pathlib.Path
    """

    path: Path

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> "RunFolder":
        """Make the folder.

        Raises
        ------
        SettingError
            If it exists and is not empty, or is a file.
        """
        return cls(empty_folder(path))

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "RunFolder":
        """An existing run.

        Raises
        ------
        ModelFileError
            If there is no ``config.toml`` in the folder.
        """
        folder = cls(Path(path))
        if not folder.config_file.is_file():
            raise ModelFileError(f"{path} is not a run folder: it holds no config.toml.")
        return folder

    @property
    def config_file(self) -> Path:
        """Every setting as resolved."""
        return self.path / "config.toml"

    @property
    def log_file(self) -> Path:
        """One event a line."""
        return self.path / "log.jsonl"

    @property
    def model_file(self) -> Path:
        """The weights."""
        return self.path / MODEL_FILE

    @property
    def checkpoint_file(self) -> Path:
        """Where a network's training stands; it is gone when the model is there."""
        return self.path / "checkpoint.safetensors"

    @property
    def metrics_file(self) -> Path:
        """The figures of the held-out images."""
        return self.path / "metrics.json"

    @property
    def report_file(self) -> Path:
        """The report."""
        return self.path / "report.html"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.report_file.is_file()

    @property
    def learned(self) -> bool:
        """Whether something is there that need not be made again if the run is gone on with."""
        if self.model_file.is_file() or self.checkpoint_file.is_file():
            return True
        return self.config_file.is_file() and "chosen" in self.read_config()

    def discard(self) -> None:
        """Remove a run that has learned nothing; one that has a model or a checkpoint stays."""
        if self.model_file.exists() or self.checkpoint_file.exists():
            return
        self.config_file.unlink(missing_ok=True)
        self.log_file.unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it
            self.path.rmdir()

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write ``config.toml``; entries that are None are left out, which TOML has no word for."""
        import tomli_w

        write_text(self.config_file, _BEGINNING + tomli_w.dumps(_without_none(config)))

    def read_config(self) -> dict[str, Any]:
        """What ``config.toml`` says.

        Raises
        ------
        ModelFileError
            If it is not TOML.
        """
        return read_config(self.config_file)

    def log(self, event: Event) -> None:
        """Append an event; progress is not kept."""
        if event["event"] == "progress":
            return
        append_line(self.log_file, json_text(event))

    def read_log(self) -> list[Event]:
        """The events so far; a last line that was never written whole is none.

        Raises
        ------
        ModelFileError
            If a line is no event.
        """
        if not self.log_file.is_file():
            return []
        whole, _, _ = _text(self.log_file).rpartition("\n")
        return [
            _event(line, self.log_file, number) for number, line in enumerate(whole.split("\n"), 1) if line
        ]

    def rewind_log(self, *, decided: bool = False) -> None:
        """Strike out of the log what will be gone through again.

        With a model this is nothing; with a checkpoint it is the epochs and losses after its step. With
        neither it is all, but for a comparison of settings that is not made again.

        Parameters
        ----------
        decided : bool, default=False
            Whether several settings have been compared, and one was chosen.
        """
        if not self.log_file.is_file():
            return
        events = self.read_log()
        if self.model_file.is_file():
            if _text(self.log_file).endswith("\n"):
                return
        elif self.checkpoint_file.is_file():
            step = _checkpoint_step(self.checkpoint_file)
            again = ("epoch", "losses")
            events = [e for e in events if not (e["event"] in again and e["step"] > step)]
        elif decided:
            # A model may compare values by itself, but only once its training has begun.
            before = takewhile(lambda e: e.get("stage") != "training", events)
            events = [e for e in before if e["event"] in ("sweep", "candidate")]
        else:
            events = []
        lines = [json_text(event) + "\n" for event in events]
        write_text(self.log_file, "".join(lines))

    def write_metrics(self, metrics: Mapping[str, float]) -> None:
        """Write ``metrics.json``."""
        write_json(self.metrics_file, dict(metrics))

    @property
    def curves_file(self) -> Path:
        """The figures by epochs and steps, as CSV; there is none of a model that has no epochs."""
        return self.path / "curves.csv"

    def write_results(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Write ``predictions.json``, detections in COCO's results format."""
        write_json(self.path / "predictions.json", list(results), indent=None)

    def write_probabilities(
        self,
        files: Sequence[str],
        classes: Sequence[str],
        truth: Sequence[str],
        probabilities: NDArray[np.float64],
    ) -> None:
        """Write ``predictions.csv``: file, true class, predicted class and the probability of each class."""
        rows: list[list[Any]] = [["file", "truth", "prediction", *classes]]
        for file, true, row in zip(files, truth, probabilities, strict=True):
            rows.append([file, true, classes[int(row.argmax())], *(f"{float(p):.6f}" for p in row)])
        write_text(self.path / "predictions.csv", spreadsheet_text(rows))


def read_config(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the ``config.toml`` of a run says.

    Parameters
    ----------
    path : path-like
        The file, or the run folder.

    Raises
    ------
    ModelFileError
        If it is not there, not TOML or not that of a run.
    """
    path = Path(path)
    path = path / "config.toml" if path.is_dir() else path
    try:
        config = tomllib.loads(_text(path))
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error}): name the config.toml of a run.") from error
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} is not TOML any more ({error}).") from error
    from foveal.runs.run_schemas import check_config

    try:
        check_config(config)
    except ModelFileError as error:
        raise ModelFileError(f"{path} is not the config.toml of a run: {error}") from error
    return config


def _text(path: Path) -> str:
    """A file of ours that is text."""
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    if path.stat().st_size > _LARGEST:
        raise ModelFileError(f"{path} has {path.stat().st_size / 1e9:.1f} GB: it is no file of a run.")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path} cannot be read ({error}): it is no file of a run any more.") from error


def _event(line: str, path: Path, number: int) -> Event:
    from foveal.runs.run_schemas import check_event

    try:
        event: Event = json.loads(line)
        check_event(event)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: line {number} is no event ({error}).") from error
    return event


def run_data(config: Mapping[str, Any]) -> Dataset:
    """The data set that a run was trained on, as it is now, by what its ``config.toml`` says.

    Raises
    ------
    DataError
        If it is gone or can no longer be read, or the ``config.toml`` does not say which it is.
    """
    about = config.get("data", {})
    if "path" not in about:
        raise DataError("The config.toml of the run does not say what data it was trained on.")
    return load(file_named(about["path"]), format=about.get("asked_format"))


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``features.size`` into a table ``features_settings``, since ``features`` may be a value as well."""
    tables: dict[str, Any] = {}
    for key, value in settings.items():
        # TOML has no word for it, and what is left out would be resumed with its default.
        value = "none" if value is None else value
        table, dot, name = key.partition(".")
        if dot:
            tables.setdefault(f"{table}_settings", {})[name] = value
        else:
            tables[key] = value
    return tables


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`nested` made of settings, as they were."""
    single: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            single |= {f"{key.removesuffix('_settings')}.{name}": inner for name, inner in value.items()}
        else:
            single[key] = value
    return single


def _checkpoint_step(path: Path) -> int:
    """The step that a checkpoint was written after."""
    from foveal.nn import Checkpoint

    return Checkpoint(path).step() or 0


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(v) for v in value]
    # TOML has no word for half a character either.
    return readable(value) if isinstance(value, str) else value
