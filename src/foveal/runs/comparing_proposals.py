"""What a detector proposes by itself, beside selective search, on a few held-out images."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset
from foveal.errors import ImageError
from foveal.events import Callbacks, stage
from foveal.images import read
from foveal.proposals import Proposals, SelectiveSearch

if TYPE_CHECKING:
    from foveal.metrics import ProposalQuality

# Images that are searched at most, and seconds after which no further one is.
_MOST_IMAGES, _SECONDS = 20, 3.0
_THRESHOLDS = (0.5, 0.7)
# What compiling takes beside the training, and from how many minutes on that is little.
_COMPILING, _ENOUGH_MINUTES = 10.0, 5.0


def seconds_to_compare(minutes: float | None) -> float | None:
    """What the comparison takes at most; None where it is too much for a run of so many minutes.

    On a new computer selective search has to be compiled first.

    Parameters
    ----------
    minutes : float or None
        None for a run that may take as long as it will.
    """
    from foveal.compiling import is_compiled

    if is_compiled("foveal.proposals._grouping_kernels", "group"):
        return _SECONDS + 0.5
    return _SECONDS + _COMPILING if minutes is None or minutes >= _ENOUGH_MINUTES else None


def compare_with_search(
    test: Dataset, proposals: Sequence[Proposals], *, name: str = "RPN", callbacks: Callbacks = ()
) -> "dict[str, ProposalQuality]":
    """Recall of proposals and of selective search's on the same images.

    Parameters
    ----------
    test : Dataset
        For detection.
    proposals : sequence of Proposals
        One for each of its images.
    name : str
        Of their method.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to ProposalQuality
        Measured on at most 20 images that have objects, evenly chosen, and as many as were searched within
        three seconds; empty where there is none.
    """
    from foveal.metrics import proposal_recall

    search = SelectiveSearch("fast")
    with_objects = [i for i, sample in enumerate(test) if sample.trainable.any()]
    number = min(_MOST_IMAGES, len(with_objects))
    # In an order in which the first few are spread over all of them.
    chosen = [with_objects[int(p)] for p in np.linspace(0, len(with_objects) - 1, number)]
    chosen = [chosen[i] for i in np.argsort(np.arange(number) * 0.618033988749895 % 1, kind="stable")]
    taken: list[int] = []
    found: list[NDArray[np.float32]] = []
    with stage(callbacks, "proposals of selective search, for comparison", number) as progress:
        began = time.perf_counter()
        for index in chosen:
            try:
                found.append(search.propose(read(test[index].path)).boxes)
            except ImageError:
                continue
            taken.append(index)
            progress(len(taken))
            if time.perf_counter() - began > _SECONDS:
                break
    if not taken:
        return {}
    good = [test[i].trainable for i in taken]
    objects = [test[i].boxes[g] for i, g in zip(taken, good, strict=True)]
    labels = [test[i].labels[g] for i, g in zip(taken, good, strict=True)]
    methods = {name: [proposals[i].boxes for i in taken], "selective search (fast)": found}
    return {
        method: proposal_recall(boxes, objects, thresholds=_THRESHOLDS, labels=labels)
        for method, boxes in methods.items()
    }
