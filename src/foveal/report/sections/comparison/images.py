"""The same images side by side: what one side has and the other has not."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foveal.data.detections import Detections
from foveal.report.compared import ComparedRun, ComparedSide, ComparisonRecord
from foveal.report.html.annotated_images import AnnotatedImage, image_with_caption, image_with_verdict
from foveal.report.html.blocks import Block, Images, Note, Section, Table
from foveal.report.verdicts import judge, say_verdict
from foveal.wording import count

# Images that are shown of each kind, and sides that stand beside each other.
_SHOWN, _MOST_SIDES = 5, 4
# How much better one has to be in an image that is shown. Of several trainings one that differs is no matter.
_LEAST, _LEAST_OF_SEVERAL = 0.01, 0.4


@dataclass(frozen=True)
class Judged:
    """How a side fares on one image, over its trainings.

    Attributes
    ----------
    good : float
        The mean of F1; of a classifier the share of the trainings that are right.
    found : tuple of bool
        Whether most trainings find each object, or name the image rightly.
    false : float
        False detections, the mean.
    """

    good: float
    found: tuple[bool, ...]
    false: float = 0.0


def image_key(run: ComparedRun, index: int) -> Hashable:
    """What tells an image of a run's from all others of any data set."""
    return run.data_digest, run.test[index].id


def judged(side: ComparedSide) -> dict[Hashable, Judged]:
    """How a side fares on each of its images."""
    every: dict[Hashable, list[Judged]] = {}
    for run in side.runs:
        for i in range(len(run.test)):
            every.setdefault(image_key(run, i), []).append(_judged_one(run, i))
    return {
        key: Judged(
            float(np.mean([one.good for one in some])),
            tuple(bool(v) for v in np.mean([one.found for one in some], axis=0) > 0.5),
            float(np.mean([one.false for one in some])),
        )
        for key, some in every.items()
    }


def _judged_one(run: ComparedRun, index: int) -> Judged:
    sample, answer = run.test[index], run.answers[index]
    if isinstance(answer, Detections):
        verdict = judge(sample, answer, score_threshold=run.threshold)
        counted = ~(sample.difficult | sample.crowd)
        return Judged(verdict.f1, tuple((~verdict.missed[counted]).tolist()), verdict.false)
    right = sample.label is not None and int(np.argmax(answer)) == sample.label
    return Judged(float(right), (right,))


def images_section(record: ComparisonRecord) -> Section:
    """The images that one side has and the other has not, each as every side sees it."""
    sides = list(record.sides)[:_MOST_SIDES]
    known = [judged(side) for side in sides]
    shared = [key for key in known[0] if all(key in one for one in known)]
    boxed = record.task == "detection"
    text = (
        "Dashed white is the truth, with a label where it was missed; blue is right, orange with ✕ wrong, "
        "from each model’s own threshold on. Of several trainings the most typical is shown."
        if boxed
        else "The same images as each side names them. Of several trainings the most typical is shown."
    )
    blocks: list[Block] = []
    if len(sides) < len(record.sides):
        blocks.append(Note(f"The first {len(sides)} of {len(record.sides)} sides are shown."))
    if not shared or len(sides) < 2:
        return Section("Pictures", text, [*blocks, Note("There are no images that all have in common.")])
    blocks.append(_overlap_table(record, sides, known, shared))
    several = any(len(side.runs) > 1 for side in sides)
    least = _LEAST_OF_SEVERAL if several else _LEAST
    if len(sides) == 2:
        for a, b in ((0, 1), (1, 0)):
            gain = sorted(shared, key=lambda key: known[b][key].good - known[a][key].good)
            chosen = [key for key in gain[:_SHOWN] if known[a][key].good - known[b][key].good > least]
            name, other = sides[a].name, sides[b].name
            if not chosen:
                clearly = "clearly " if several else ""
                blocks.append(Note(f"There is no image on which {name} is {clearly}better than {other}."))
            blocks.extend(_rows(sides, known, chosen, f"{name} does better"))
    else:

        def spread(key: Hashable) -> float:
            good = [one[key].good for one in known]
            return max(good) - min(good)

        chosen = [key for key in sorted(shared, key=lambda key: -spread(key)) if spread(key) > least][
            : 2 * _SHOWN
        ]
        if not chosen:
            blocks.append(Note("There is no image that one does better on than another."))
        blocks.extend(_rows(sides, known, chosen, "Where they differ most"))
    return Section("Pictures", text, blocks)


def _overlap_table(
    record: ComparisonRecord,
    sides: Sequence[ComparedSide],
    known: Sequence[dict[Hashable, Judged]],
    shared: Sequence[Hashable],
) -> Table:
    """How many objects, or images, which sides have."""
    counts: dict[tuple[bool, ...], int] = {}
    for key in shared:
        for found in zip(*(one[key].found for one in known), strict=True):
            counts[found] = counts.get(found, 0) + 1
    rows = []
    verb = "found" if record.task == "detection" else "named rightly"
    for found in sorted(counts, key=lambda f: (-sum(f), [not v for v in f])):
        who = [side.name for side, has in zip(sides, found, strict=True) if has]
        alone = f"by {' and '.join(who)} alone"
        said = "by all" if len(who) == len(sides) else alone if who else "by none"
        rows.append([f"{verb} {said}", f"{counts[found]:,}"])
    several = any(len(side.runs) > 1 for side in sides)
    if record.task == "detection":
        for side, one in zip(sides, known, strict=True):
            false = sum(one[key].false for key in shared)
            rows.append([f"false detections of {side.name}", f"{false:,.{int(several)}f}"])
    thing = "objects" if record.task == "detection" else "images"
    title = f"Who has what, on {count(len(shared), 'image')}" + (" (by most trainings)" if several else "")
    return Table(title, ("", thing), rows, wide=False)


def _rows(
    sides: Sequence[ComparedSide],
    known: Sequence[dict[Hashable, Judged]],
    chosen: Sequence[Hashable],
    title: str,
) -> list[Block]:
    """A row of pictures for each image."""
    blocks: list[Block] = []
    for number, key in enumerate(chosen, 1):
        shown = [_typical(side, key) for side in sides]
        several = any(len(side.runs) > 1 for side in sides)
        images = []
        for side, one, (run, i) in zip(sides, known, shown, strict=True):
            image = replace(_drawn(run, i), name=side.name)
            if several:
                caption = f"{image.caption} {_of_all(side, key, one[key].good)}"
                image = replace(image, name=f"{side.name}, seed {run.seed}", caption=caption)
            images.append(image)
        # The file's name stands once, above the row.
        run, i = shown[0]
        blocks.append(Images(f"{title} · {number} · {run.test[i].name}", images))
    return blocks


def _typical(side: ComparedSide, key: Hashable) -> tuple[ComparedRun, int]:
    """The training that is in the middle of its side on an image, and the image's place there."""
    places = [(run, i) for run in side.runs for i in range(len(run.test)) if image_key(run, i) == key]
    places.sort(key=lambda place: -_judged_one(*place).good)
    return places[(len(places) - 1) // 2]


def _of_all(side: ComparedSide, key: Hashable, good: float) -> str:
    """How all trainings of a side fare on an image."""
    n = sum(image_key(run, i) == key for run in side.runs for i in range(len(run.test)))
    if side.runs[0].task == "classification":
        return f"Right in {round(good * n)} of {count(n, 'training')}."
    return f"F1 {good:.2f}, the mean of {count(n, 'training')}."


def _drawn(run: ComparedRun, index: int) -> AnnotatedImage:
    sample, answer = run.test[index], run.answers[index]
    if isinstance(answer, Detections):
        verdict = judge(sample, answer, score_threshold=run.threshold)
        return image_with_verdict(
            sample, run.test.classes, verdict, say_verdict(verdict, sample, run.test.classes)
        )
    label = int(np.argmax(answer))
    said = f"{run.test.classes[label]} {float(answer[label]):.2f}"
    right = label == sample.label
    truth = "no class" if sample.label is None else run.test.classes[sample.label]
    return image_with_caption(sample, said if right else f"✕ {said}, truly {truth}")
