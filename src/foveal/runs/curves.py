"""The curves of a training, as a table and as TensorBoard's events."""

import os
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from foveal.errors import SettingError
from foveal.events import Event
from foveal.files.tables import spreadsheet_text
from foveal.runs.folder import RunFolder

# What tells when, not what.
_WHEN = ("candidate", "epoch", "step", "seconds")
_CURVES = ("epoch", "losses")


def curves_of(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The figures of a training by epochs and steps, a row each time that some were told.

    Parameters
    ----------
    events : iterable of mappings
        Such as :meth:`RunFolder.read_log` gives.

    Returns
    -------
    list of dict
        Each has ``epoch`` or ``step`` or both, and figures: ``loss``, ``learning_rate``, … Where several
        models were compared, ``candidate`` says whose they are. Empty where nothing is learned by epochs.

    Examples
    --------
    >>> curves_of([{"event": "epoch", "epoch": 1, "epochs": 9, "step": 4, "loss": 0.5, "accuracy": None}])
    [{'epoch': 1, 'step': 4, 'loss': 0.5}]
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for event in events:
        if event["event"] not in _CURVES:
            continue
        row = {k: v for k, v in event.items() if k in _WHEN or (_is_figure(v) and k != "epochs")}
        # What a training that was resumed tells again counts once.
        key = (event["event"], *(event.get(name) for name in ("candidate", "epoch", "step")))
        rows.pop(key, None)
        rows[key] = row
    return list(rows.values())


def curves_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """What :func:`curves_of` gives, as CSV: when first, then every figure, empty where it was not told."""
    rows = list(rows)
    named = dict.fromkeys(key for row in rows for key in row)
    columns = [name for name in _WHEN if name in named] + [name for name in named if name not in _WHEN]
    return spreadsheet_text([columns, *([row.get(name, "") for name in columns] for row in rows)])


class TensorBoard:
    """A callback that writes the curves of a training as TensorBoard's events, while it goes on.

    Needs the package ``tensorboardX`` or ``tensorboard``.

    Parameters
    ----------
    folder : path-like
        Where the events go, in a file of their own; what is there stays. ``tensorboard --logdir`` is given
        it, or one above it to compare several trainings.

    Raises
    ------
    SettingError
        If neither package is installed.

    Examples
    --------
    ::

        with TensorBoard("logs/first") as board:
            foveal.train("photos", callbacks=[board])
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._add, self._close = _writer(os.fspath(folder))

    def __call__(self, event: Event) -> None:
        """Write the figures of an epoch, or the losses of some steps."""
        for row in curves_of([event]):
            step = int(row.get("step", row.get("epoch", 0)))
            whose = f"{row['candidate']}/" if "candidate" in row else ""
            part = "losses/" if event["event"] == "losses" else ""
            for name, value in row.items():
                if name not in _WHEN:
                    self._add(f"{whose}{part}{name}", float(value), step)

    def close(self) -> None:
        """Write what is left."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_tensorboard(run: str | os.PathLike[str], out: str | os.PathLike[str] | None = None) -> Path:
    """Write the curves of a run, from its log, as TensorBoard's events.

    Parameters
    ----------
    run : path-like
        A run folder; the run need not have come to its end.
    out : path-like, optional
        By default ``tensorboard`` in the run folder.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    FovealError
        If there is no such run, it has no curves, or neither package is installed.
    """
    events = RunFolder.open(run).read_log()
    if not curves_of(events):
        raise SettingError(f"{run} has no curves: its model does not learn by epochs.")
    folder = Path(run) / "tensorboard" if out is None else Path(out)
    with TensorBoard(folder) as board:
        for event in events:
            board(event)
    return folder


def _is_figure(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _writer(folder: str) -> tuple[Callable[[str, float, int], None], Callable[[], None]]:
    """What adds a figure, and what closes the file."""
    if find_spec("tensorboardX") is not None:
        from tensorboardX import SummaryWriter

        board = SummaryWriter(folder)
        return board.add_scalar, board.close
    if find_spec("tensorboard") is None:
        raise SettingError(
            "TensorBoard's events need one of the packages tensorboardX and tensorboard: pip install "
            "tensorboardX."
        )
    from tensorboard.compat.proto.event_pb2 import Event as Written
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    file = EventFileWriter(folder)

    def add(name: str, value: float, step: int) -> None:
        summary = Summary(value=[Summary.Value(tag=name, simple_value=value)])
        file.add_event(Written(step=step, summary=summary))

    return add, file.close
