"""The doctor's look at what gives a class away beside the object itself.

A classifier that tells leopards by the black frame of their slides is right on this data set and wrong
anywhere else (Torralba and Efros, 2011, "Unbiased look at dataset bias").
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from foveal.data.checks.images import Look
from foveal.data.dataset import Dataset, Finding
from foveal.data.formats.table import row_of

# A cue holds for this share of a class, and for at most that share of most other classes.
_MANY, _FEW = 0.8, 0.3
_IMAGES = 5
_SIDES = ("left", "top", "right", "bottom")


def check_cues(dataset: Dataset, looks: list[Look | None]) -> Iterator[Finding]:
    """Sizes, greyness and uniform borders that most images of one class have and others have not."""
    if dataset.task != "classification" or row_of(dataset).cut_out:
        return
    of_class: dict[int, list[Look]] = {label: [] for label in range(len(dataset.classes))}
    for sample, look in zip(dataset, looks, strict=True):
        if look is not None and look.info is not None and sample.label is not None:
            of_class[sample.label].append(look)
    of_class = {label: some for label, some in of_class.items() if len(some) >= _IMAGES}
    if len(of_class) < 2:
        return
    for label, some in of_class.items():
        others = [looks_of for other, looks_of in of_class.items() if other != label]
        name = dataset.classes[label]

        def tells(
            holds: Callable[[Look], bool], some: list[Look] = some, others: list[list[Look]] = others
        ) -> bool:
            elsewhere = np.median([np.mean([holds(k) for k in group]) for group in others])
            return bool(np.mean([holds(k) for k in some]) >= _MANY and elsewhere <= _FEW)

        # A size and the same turned by a quarter are one.
        size = Counter(_size(look) for look in some).most_common(1)[0][0]
        if tells(lambda look, size=size: _size(look) == size):  # type: ignore[misc]
            text = f"Nearly all pictures of {name} have the same size, {size[1]}×{size[0]} (or turned)."
            yield _cue("size-cue", text)
        if tells(lambda look: look.grey):
            yield _cue("colour-cue", f"Nearly all pictures of {name} are greyscale.")
        sides = [
            side
            for i, side in enumerate(_SIDES)
            if tells(lambda look, i=i: look.uniform[i])  # type: ignore[misc]
        ]
        if sides:
            where = "on all sides" if len(sides) == 4 else f"at the {' and '.join(sides)}"
            text = f"Nearly all pictures of {name} have a border of one colour {where}."
            yield _cue("border-cue", text)


def _size(look: Look) -> tuple[int, int]:
    assert look.info is not None
    return min(look.info.width, look.info.height), max(look.info.width, look.info.height)


def _cue(kind: str, text: str) -> Finding:
    action = "A classifier may learn that instead of the object, and fail on pictures from elsewhere."
    return Finding(kind, "warning", "", text + " Most other classes are not like that.", action)
