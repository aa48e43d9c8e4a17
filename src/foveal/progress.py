"""Events drawn as progress bars."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from foveal.events import Callback, Event


@contextmanager
def show_progress(*, quiet: bool = False) -> Iterator[Callback]:
    """Draw events on standard error while the block runs.

    A stage with a known number of items has a bar with the time that is left; others a spinner. What is
    done stays as one line with its seconds. Where standard error is no terminal, each finished stage is
    one plain line.

    Parameters
    ----------
    quiet : bool, default=False
        Draw nothing at all.

    Yields
    ------
    callable
        A callback for :mod:`foveal.events`.
    """
    if quiet:
        yield _ignore
        return
    if not sys.stderr.isatty():
        yield _write_line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    tasks = {}

    def draw(event: Event) -> None:
        kind, stage = event["event"], event.get("stage", "")
        if kind == "stage_start":
            tasks[stage] = bars.add_task(stage, total=None)
        elif kind == "progress" and stage in tasks:
            bars.update(tasks[stage], completed=event["done"], total=event["total"])
        elif kind == "stage_end" and stage in tasks:
            bars.remove_task(tasks.pop(stage))
        line = _line(event)
        if line:
            console.print(line, markup=False)

    with bars:
        yield draw


def _line(event: Event) -> str:
    """What is worth a line of its own; empty for the rest."""
    kind = event["event"]
    if kind == "stage_end" and event["seconds"] >= 0.5:
        return f"  {event['stage']}: {event['seconds']:.1f} s"
    if kind == "note":
        return f"  {event['text']}"
    if kind == "candidate":
        setting = ", ".join(f"{key} {value}" for key, value in event["setting"].items())
        score = "diverged" if event["score"] is None else f"{event['score']:.3f}"
        return f"  {setting}: {score}{' (chosen)' if event['chosen'] else ''}"
    if kind == "mining_round":
        return (
            f"  {event['label']}, round {event['round']}: {event['added']} hard negatives added to "
            f"{event['negatives'] - event['added']}"
        )
    return ""


def _ignore(event: Event) -> None:
    pass


def _write_line(event: Event) -> None:
    line = _line(event)
    if line:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
