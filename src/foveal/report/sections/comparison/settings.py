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
        own = [row for row in rows if NO_SUCH in row]
        blocks.append(Table("Settings that differ", columns, common, words=words))
        if own:
            table = Table("", columns, own, words=words)
            blocks.append(Fold(f"{count(len(own), 'setting')} that not all of these models have", [table]))
    else:
        blocks.append(Note("All settings are the same: the runs differ by their seeds alone."))
    rows = []
    for side in record.sides:
        for run in side.runs:
            figures = [f"{run.metrics[key]:.3f}" if key in run.metrics else "–" for key in record.figures]
            cells = [run.name, *([] if side.name == run.name else [side.name])]
            cells += [str(run.seed), *figures, f"{len(run.test):,}"]
            if record.task == "detection":
                cells.append(f"{run.threshold:.2f}")
            rows.append([*cells, say_duration(run.seconds), f"{run.size / 1e6:.1f} MB"])
    own = all(side.name == side.runs[0].name for side in record.sides)
    columns = ("run", *(() if own else ("side",)), "seed", *(key.replace("_", " ") for key in record.figures))
    columns += ("held-out images",) + (("threshold",) if record.task == "detection" else ())
    columns += ("time", "model file")
    if not own:
        # A side may be called by the only run that it has.
        for row in rows:
            if len(row) < len(columns):
                row.insert(1, row[0])
    blocks.append(Table("The runs", columns, rows, words=() if own else (1,)))
    return Section("What differs", "The settings in which the sides are not the same, and every run.", blocks)
