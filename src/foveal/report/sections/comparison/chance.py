"""What of the differences between runs is chance: in words, as a table, and drawn."""

from foveal.metrics.bootstrap import Interval, mcnemar
from foveal.metrics.comparing import Difference
from foveal.report.compared import ComparisonRecord
from foveal.report.figures.canvas import SERIES
from foveal.report.figures.metrics.intervals import draw_intervals
from foveal.report.html.blocks import Block, Chart, Note, Section, Table
from foveal.report.sections.comparison.images import judged
from foveal.wording import count

#: More sentences than this stand in the section alone.
MOST_AT_THE_HEAD = 3
_METHOD = (
    "How it is measured: the images are drawn anew with replacement 2,000 times (the bootstrap: Efron and "
    "Tibshirani, 1993), the same for all runs, so that differences are paired: what makes an image hard for "
    "both sides cancels out. The ends are quantiles of what comes out, moved out a little for few images "
    "(Hesterberg, 2015). Where a side has several trainings, the chance of their seeds is added to that of "
    "the images, by the spread of the trainings (Welch, 1947)."
)


def chance_section(record: ComparisonRecord) -> Section:
    """Which differences are more than chance."""
    comparison, sides = record.comparison, record.sides
    key = record.figures[0]
    names = [side.name for side in sides]
    differences = [d for d in comparison.differences if d.figure == key]
    said = verdicts(record)
    # A few stand at the head of the page.
    blocks: list[Block] = [Note(sentence) for sentence in said] if len(said) > MOST_AT_THE_HEAD else []
    blocks.append(
        Chart(
            f"{key.replace('_', ' ')} of each",
            draw_intervals(
                names,
                [found[key] for found in comparison.intervals],
                f"{key}, with 95 % intervals",
                trainings=[found[key].tolist() for found in comparison.values],
                colors=[SERIES[i % len(SERIES)] for i in range(len(names))],
            ),
            "; ".join(
                f"{n} {_spelled(found[key])}" for n, found in zip(names, comparison.intervals, strict=True)
            ),
            "The point is what was measured (of several trainings the mean; each is a small tick); the line "
            "is where it would lie on other images of the kind. Lines that overlap may still differ: see the "
            "differences.",
        )
    )
    if differences:
        blocks.append(
            Chart(
                "The differences",
                draw_intervals(
                    [f"{names[d.first]} − {names[d.second]}" for d in differences],
                    [d.interval for d in differences],
                    f"difference of {key}, with {_percent(comparison.level)} intervals",
                    around_zero=True,
                ),
                "; ".join(
                    f"{names[d.first]} − {names[d.second]}: {_spelled(d.interval, '+')}" for d in differences
                ),
                "A line that does not reach 0 is more than chance; grey ones may be nothing but chance.",
            )
        )
    blocks.append(_figures_table(record))
    if comparison.differences:
        blocks.append(_differences_table(record))
    if record.task == "classification":
        blocks.extend(_mcnemar_table(record))
    blocks.append(Note(_METHOD + _level_note(record)))
    return Section(
        "Is it chance?",
        "Which differences would be there on other images, and with other seeds, too.",
        blocks,
    )


def verdicts(record: ComparisonRecord) -> list[str]:
    """What can be said of each pair of sides, in a sentence or two."""
    comparison, key = record.comparison, record.figures[0]
    sentences = [_verdict(record, d) for d in comparison.differences if d.figure == key]
    if not sentences:
        sentences.append("There is one run: name another to compare it with.")
    for side, found in zip(record.sides, comparison.intervals, strict=True):
        n = min(len(run.test) for run in side.runs)
        if found[key].low == found[key].high == 1:
            sentences.append(
                f"{side.name} is right on all {n:,} images, which leaves no interval to draw: of others up "
                f"to {min(1.0, 3 / n):.0%} may be wrong all the same (the rule of three)."
            )
    if comparison.n_shared < comparison.n_images:
        sentences.append(
            "The runs were not held out on the same images: there are "
            f"{count(comparison.n_images, 'image')}, and {comparison.n_shared:,} of them are common to all. "
            "Differences of what is measured on other images are less certain."
        )
    if all(len(side.runs) == 1 for side in record.sides) and len(record.sides) > 1:
        if record.settings:
            sentences.append(
                "Each side is one training: what is said here is of these models. Whether the settings make "
                "the difference, or the seed does, is told by several trainings of each, with other --seed."
            )
        else:
            sentences.append("All runs have the same settings: they differ by their seeds alone.")
    return sentences


def _verdict(record: ComparisonRecord, difference: Difference) -> str:
    first, second, figure = difference.first, difference.second, difference.figure
    interval = difference.interval
    values = [record.comparison.intervals[i][figure].value for i in (first, second)]
    if interval.value < 0:
        first, second, values = second, first, values[::-1]
        interval = Interval(-interval.value, -interval.high, -interval.low, interval.level, interval.p_value)
    a, b = record.sides[first], record.sides[second]
    name = figure.replace("_", " ")
    sides = []
    for side, value in zip((a, b), values, strict=True):
        n = len(side.runs)
        sides.append(f"{side.name} {value:.3f}" + (f" (mean of {count(n, 'training')})" if n > 1 else ""))
    head = f"{name}: {sides[0]}, {sides[1]}. The difference is {interval.value:.3f}"
    head += f" ({_percent(interval.level)} interval {signed(interval.low)} to {signed(interval.high)})"
    if interval.low == interval.high == 0:
        return f"{head}: the same on every image."
    if interval.excludes_zero:
        return f"{head}: more than chance. {a.name} is better."
    return f"{head}: that may be chance; these images do not tell which is better."


def _figures_table(record: ComparisonRecord) -> Table:
    rows = []
    for side, found, values in zip(
        record.sides, record.comparison.intervals, record.comparison.values, strict=True
    ):
        cells = [side.name, str(len(side.runs))]
        for key in record.figures:
            interval = found[key]
            cells += [f"{interval.value:.3f}", f"{interval.low:.3f} – {interval.high:.3f}"]
        spread = values[record.figures[0]]
        cells.append(f"{spread.std(ddof=1):.3f}" if len(spread) > 1 else "–")
        rows.append(cells)
    columns = ["", "trainings"]
    for key in record.figures:
        columns += [key.replace("_", " "), "95\u00a0% interval"]
    return Table("Figures", [*columns, "spread over seeds"], rows)


def _differences_table(record: ComparisonRecord) -> Table:
    names = [side.name for side in record.sides]
    rows = []
    wanted = [d for key in record.figures for d in record.comparison.differences if d.figure == key]
    for d in wanted:
        verdict = "more than chance" if d.interval.excludes_zero else "may be chance"
        rows.append(
            [
                f"{names[d.first]} − {names[d.second]}",
                d.figure.replace("_", " "),
                signed(d.interval.value),
                f"{signed(d.interval.low)} to {signed(d.interval.high)}",
                f"{d.interval.p_value:.3f}" if d.interval.p_value >= 0.001 else "< 0.001",
                verdict,
            ]
        )
    interval = f"{_percent(record.comparison.level)} interval".replace(" %", "\u00a0%")
    columns = ("", "figure", "difference", interval, "p of chance alone", "")
    return Table("Differences", columns, rows, words=(1, 5))


def _mcnemar_table(record: ComparisonRecord) -> list[Block]:
    """Of pairs of single classifiers that saw the same images: on how many only one is right."""
    rows = []
    for i, first in enumerate(record.sides):
        for second in record.sides[i + 1 :]:
            if len(first.runs) > 1 or len(second.runs) > 1:
                continue
            right = [judged(side) for side in (first, second)]
            shared = [key for key in right[0] if key in right[1]]
            only = [sum(right[a][k].good > right[1 - a][k].good for k in shared) for a in (0, 1)]
            p = mcnemar(*only)
            cells = (len(shared), *only)
            rows.append([f"{first.name}, {second.name}", *(f"{n:,}" for n in cells), f"{p:.3f}"])
    if not rows:
        return []
    columns = ("", "the same images", "only the first is right", "only the second", "p, McNemar’s exact test")
    return [Table("Images that only one names rightly", columns, rows)]


def _level_note(record: ComparisonRecord) -> str:
    pairs = sum(d.figure == record.figures[0] for d in record.comparison.differences)
    if pairs < 2:
        return ""
    return (
        f" There are {pairs} comparisons: their intervals are of {_percent(record.comparison.level)}, so "
        "that all together hold the truth 95 times of 100 (Bonferroni)."
    )


def _percent(level: float) -> str:
    return f"{100 * level:.3g} %"


def _spelled(interval: Interval, sign: str = "") -> str:
    return f"{interval.value:{sign}.3f} ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})"


def signed(value: float) -> str:
    """A difference with its sign.

    Examples
    --------
    >>> signed(0.25), signed(-0.1)
    ('+0.250', '−0.100')
    """
    return f"{value:+.3f}".replace("-", "−")
