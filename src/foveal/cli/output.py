"""What verbs say: results on standard output, everything else on standard error.

Names of files and classes are a stranger's words. All that is said goes through :func:`spelled`: nothing in
it is taken for rich's markup, and nothing that a terminal would obey is left.
"""

import shlex
import sys
from typing import TYPE_CHECKING, Any

import typer

from foveal.wording import count, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from foveal.benchmark import Table as BenchmarkTable
    from foveal.data import Dataset, Finding
    from foveal.report import Alarm
    from foveal.runs.listing import ListedRun

# Findings of one kind that are shown in full, and how the severities look, the gravest first.
_SHOWN = 3
# Classes that the line about a data set names.
_CLASSES = 8
_COLORS = {"error": "red", "warning": "yellow", "note": "dim"}


def name_unreadable(unreadable: dict[str, str]) -> None:
    """Name the files that could not be read and leave with status 1, if there are any."""
    if not unreadable:
        return
    say(f"{count(len(unreadable), 'file')} could not be read:")
    for why in unreadable.values():
        say(f"  {why}")
    raise typer.Exit(1)


def say(*parts: "str | Text", to_output: bool = False) -> None:
    """Talk to the person: on standard error, so that standard output is for results."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=not to_output, highlight=False, emoji=False, soft_wrap=True)
    console.print(Text.assemble(*(spelled(part) if isinstance(part, str) else part for part in parts)))


def spelled(text: str, style: str = "") -> "Text":
    """Text as it is shown: brackets are brackets, and what nobody would see is told by its number."""
    from rich.text import Text

    return Text(visible(text), style)


def bold(path: "Path | str") -> "Text":
    """Where something is, so that it stands out, and as a shell takes it."""
    return spelled(shlex.quote(str(path)), "bold")


def print_json(value: Any) -> None:
    """The one thing that ``--json`` writes; a path is written as text."""
    from foveal.files.plain import json_text

    # What stands for a letter that an encoding lacks would be no JSON.
    narrow = not (sys.stdout.encoding or "").lower().startswith("utf")
    sys.stdout.write(json_text(value, indent=2, default=str, ensure_ascii=narrow) + "\n")


def print_metrics(metrics: dict[str, float], title: str) -> None:
    """Figures, one a line."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=spelled(title), title_justify="left", show_header=False, box=None)
    for key, value in metrics.items():
        table.add_row(spelled(key), f"{value:.4f}" if isinstance(value, float) else spelled(str(value)))
    Console(highlight=False, emoji=False).print(table)


def print_beside(rows: "Sequence[Sequence[str]]", run: str) -> None:
    """What the model of a run and the one that went on from it are worth on the same pictures."""
    from rich.table import Table

    from foveal.report.sections.going_on import BESIDE

    table = Table(title=spelled(f"Going on from {run}"), title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(BESIDE):
        table.add_column(column, justify="left" if number < 2 else "right")
    for row in rows:
        table.add_row(*map(spelled, row))
    _wide_console().print(table)


def print_runs(runs: "Sequence[ListedRun]", folder: "Path") -> None:
    """Runs of a folder, a line each, and what is to be said of those that did not come to their end."""
    from datetime import datetime

    from rich.table import Table

    from foveal.report.wording import say_duration
    from foveal.runs.listing import HEADLINES

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    # Where a terminal is narrow they have several lines: nothing is cut.
    for name in ("run", "data", "model", "figures"):
        table.add_column(name, overflow="fold")
    for name in ("time", "size", "date"):
        table.add_column(name, no_wrap=True, justify="right")
    for run in runs:
        name = "." if run.path == folder else str(run.path.relative_to(folder))
        figures = run.figures or {}
        keys = [key for key in HEADLINES if key in figures][:2]
        said = ", ".join(
            f"{key.removeprefix('proposals/').replace('_', ' ')} {figures[key]:.3f}" for key in keys
        )
        model = run.model if not run.seed else f"{run.model}, seed {run.seed}"
        time = say_duration(run.seconds) if run.seconds else "–"
        cells = [name, run.data, model, said, time, f"{run.size / 1e6:.1f} MB"]
        if run.state != "finished":
            cells[3] = run.state if not said else f"{said}, {run.state}"
        style = {"finished": "", "unfinished": "yellow", "damaged": "red"}[run.state]
        cells.append(f"{datetime.fromtimestamp(run.changed):%Y-%m-%d %H:%M}")
        table.add_row(*(spelled(cell, style) for cell in cells))
    _wide_console().print(table)
    for run in runs:
        if run.state == "unfinished":
            say(
                f"{run.path} is not finished: ",
                spelled(shlex.join(["foveal", "train", "--resume", str(run.path)]), "bold"),
            )
        elif run.state == "damaged":
            say(f"{run.path} is damaged: {run.why}")


def print_alarms(alarms: "Sequence[Alarm]") -> None:
    """What is wrong, each with its reasons, the likeliest first: on standard error."""
    for alarm in alarms:
        say("")
        say(spelled(alarm.heading, "bold yellow"), f" {alarm.message}")
        if alarm.reasons:
            say(
                "The likely reason:"
                if len(alarm.reasons) == 1
                else "The likely reasons, the likeliest first:"
            )
        for number, reason in enumerate(alarm.reasons, 1):
            say(f"  {number}. {reason}")
    if alarms:
        say("")


def _wide_console() -> "Console":
    """Standard output, wide enough for tables where it is no terminal."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=160)


def print_table(table: "BenchmarkTable") -> None:
    """A table of a benchmark."""
    from rich.table import Table

    drawn = Table(title=spelled(table.title), title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(table.columns):
        drawn.add_column(
            spelled(column), justify="left" if i < table.words else "right", no_wrap=i < table.words
        )
    for row in table.rows:
        drawn.add_row(*map(spelled, row))
    console = _wide_console()
    console.print(drawn)
    console.print()


def print_what_it_is(dataset: "Dataset") -> None:
    """One line about a data set: its format, images, objects, classes and splits."""
    from collections import Counter

    from foveal.data.formats.table import row_of

    boxed = dataset.task == "detection"
    labels = [label for s in dataset for label in (s.labels.tolist() if boxed else [s.label])]
    counts = Counter(dataset.classes[label] for label in labels if label is not None)
    classes = [f"{name} {counts[name]}" for name in sorted(dataset.classes, key=lambda name: -counts[name])]
    more = f" and {len(classes) - _CLASSES} more" if len(classes) > _CLASSES else ""
    said = [
        count(len(dataset), "picture"),
        *([count(len(labels), "object")] if boxed else []),
        count(len(classes), "class", "classes")
        + (f" ({', '.join(classes[:_CLASSES])}{more})" if classes else ""),
    ]
    parts: Counter[str] = Counter(s.split or "in no part" for s in dataset)
    order = ("train", "val", "test", "in no part")
    splits = (
        ", ".join(f"{part} {parts[part]}" for part in order if parts[part]) if dataset.splits else "no splits"
    )
    say(f"{row_of(dataset).title}: {', '.join(said)}; {splits}.", to_output=True)


def print_figures(figures: dict[str, Any]) -> None:
    """The sizes of a data set's images and boxes, and all its classes: see ``foveal.runs.describe``."""
    from rich.table import Table

    spreads = {}
    for key in ("widths", "heights", "box_sides"):
        if (spread := figures.get(key)) is not None:
            least, median, most = (f"{spread[k]:,g}" for k in ("least", "median", "most"))
            spreads[key] = least if least == most else f"{least} to {most} (median {median})"
    if "widths" in spreads:
        say(f"Pictures: {spreads['widths']} pixels wide, {spreads['heights']} high.", to_output=True)
    if figures.get("objects"):
        sizes = ", ".join(f"{number:,} {size}" for size, number in figures["box_sizes"].items())
        marked = [f"{figures[key]:,} marked {key}" for key in ("difficult", "crowd") if figures[key]]
        said = f"{spreads['box_sides']} pixels, the root of the area; {'; '.join([sizes, *marked])}"
        say(f"Boxes: {said}.", to_output=True)
    for key, what in (("images_without_objects", "objects"), ("images_without_class", "a class")):
        if figures.get(key):
            say(f"{count(figures[key], 'picture')} without {what}.", to_output=True)
    parts = [part for part in figures["parts"] if len(figures["parts"]) > 1 or part != "in no part"]
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("class", overflow="fold")
    for name in (*(["objects"] if "objects" in figures else []), "pictures", *parts):
        table.add_column(spelled(name), justify="right", no_wrap=True)
    for name, own in figures["classes"].items():
        numbers = [own[key] for key in ("objects", "images") if key in own]
        table.add_row(spelled(name), *(f"{n:,}" for n in (*numbers, *(own["parts"][part] for part in parts))))
    _wide_console().print(table)


def print_findings(findings: "Sequence[Finding]") -> None:
    """What is told of a data set, by kind, the gravest first.

    Lines are as long as they have to be: a name that is broken or cut could not be copied.
    """
    if not findings:
        return
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: list(_COLORS).index(finding.severity)):
        groups.setdefault((finding.severity, finding.kind), []).append(finding)
    for (severity, kind), members in groups.items():
        actions = {finding.action for finding in members}
        number = f" ({len(members)})" if len(members) > 1 else ""
        shared = f": {members[0].action}" if len(actions) == 1 else ""
        say(spelled(severity, _COLORS[severity]), f" {kind}{number}{shared}", to_output=True)
        # Of one more than are shown, a line would say no less.
        shown = members if len(members) <= _SHOWN + 1 else members[:_SHOWN]
        for finding in shown:
            place = spelled(f"{finding.file}  ", "bold") if finding.file else ""
            action = "" if shared else f" {finding.action}"
            say("  ", place, f"{finding.message}{action}", to_output=True)
        if len(members) > len(shown):
            more = f"  and {len(members) - len(shown)} more (--json names them)"
            say(spelled(more, "dim"), to_output=True)
    counts = [count(sum(f.severity == severity for f in findings), severity) for severity in _COLORS]
    say("", to_output=True)
    say(f"{', '.join(counts)}.", to_output=True)


def print_predictions(results: list[dict[str, Any]]) -> None:
    """What was found in each picture, or what it shows, or how many regions were proposed."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False, soft_wrap=True)
    for result in results:
        if "label" in result:
            said = f"{result['label']} {result['probabilities'][result['label']]:.2f}"
        elif "detections" not in result:
            said = count(len(result["boxes"]), "proposal")
        else:
            said = ", ".join(f"{d['label']} {d['score']:.2f}" for d in result["detections"]) or "nothing"
        console.print(spelled(f"{result['file']}: {said}"))
