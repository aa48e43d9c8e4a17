"""What compared runs were trained with, and what each came to."""

from foveal.report.compared import NO_SUCH, ComparisonRecord
from foveal.report.html.blocks import Block, Fold, Note, Section, Table
from foveal.report.wording import say_duration
from foveal.wording import count


def settings_section(record: ComparisonRecord) -> Section:
    """The settings that differ, and the runs."""
    blocks: list[Block] = []
    if record.settings:
        names = [side.name for side in record.sides]
        columns, words = ("setting", *names), tuple(range(1, len(names) + 1))
        rows = [[key, *values] for key, values in record.settings.items()]
        common = [row for row in rows if NO_SUCH not in row]
        partial = [row for row in rows if NO_SUCH in row]
        blocks.append(Table("Settings that differ", columns, common, words=words))
        if partial:
            table = Table("", columns, partial, words=words)
            blocks.append(
                Fold(f"{count(len(partial), 'setting')} that not all of these models have", [table])
            )
    else:
        blocks.append(Note("All settings are the same: the runs differ by their seeds alone."))
    blocks.append(_runs_table(record))
    return Section("What differs", "The settings in which the sides are not the same, and every run.", blocks)


def _runs_table(record: ComparisonRecord) -> Table:
    # A side that is one run may be called by it.
    sided = any(side.name != run.name for side in record.sides for run in side.runs)
    boxed = record.task == "detection"
    columns = [
        "run",
        *(["side"] if sided else []),
        "seed",
        *(key.replace("_", " ") for key in record.figures),
    ]
    columns += ["held-out images", *(["threshold"] if boxed else []), "time", "model file"]
    rows = []
    for side in record.sides:
        for run in side.runs:
            cells = [run.name, *([side.name] if sided else []), str(run.seed)]
            cells += [f"{run.metrics[key]:.3f}" if key in run.metrics else "–" for key in record.figures]
            cells += [f"{len(run.test):,}", *([f"{run.threshold:.2f}"] if boxed else [])]
            rows.append([*cells, say_duration(run.seconds), f"{run.size / 1e6:.1f} MB"])
    return Table("The runs", columns, rows, words=(1,) if sided else ())
