"""Methods of proposing regions, measured on the same images."""

from collections.abc import Mapping, Sequence

import numpy as np

from foveal.boxes import clip
from foveal.data.dataset import Dataset
from foveal.errors import DataError
from foveal.events import Callbacks
from foveal.files import user_cache
from foveal.metrics.proposals import ProposalQuality, proposal_recall
from foveal.proposals import Proposer, propose_files


def compare_proposers(
    proposers: Mapping[str, Proposer],
    dataset: Dataset,
    *,
    numbers: Sequence[int | None] = (10, 100, 300, 1000, None),
    thresholds: Sequence[float] = (0.5, 0.7, 0.8),
    callbacks: Callbacks = (),
) -> dict[str, ProposalQuality]:
    """Recall and average best overlap of several methods on one data set.

    Parameters
    ----------
    proposers : mapping of str to Proposer
        Methods by their names: a :class:`foveal.proposals.SelectiveSearch`, a trained
        :class:`foveal.models.RPN`, anything with ``propose``. They must not have been trained on these
        images.
    dataset : Dataset
        For detection. Difficult and crowd objects need not be found.
    numbers : sequence of int or None, default=(10, 100, 300, 1000, None)
        Numbers of proposals to measure at; ``None`` is all of them.
    thresholds : sequence of float, default=(0.5, 0.7, 0.8)
        IoU thresholds of recall.
    callbacks : sequence of callables
        Told of progress; a stage for each method. See :mod:`foveal.events`.

    Returns
    -------
    dict of str to ProposalQuality
        In the order of the methods; :func:`foveal.report.figures.draw_recall_of_methods` draws it.

    Raises
    ------
    DataError
        If the data set is not for detection.
    ImageError
        If an image cannot be read.

    Notes
    -----
    Proposals that are in the user's cache are taken from there.

    References
    ----------
    Hosang et al., "What Makes for Effective Detection Proposals?", TPAMI 2016, section 3.

    Examples
    --------
    >>> from foveal.data import Dataset
    >>> from foveal.proposals import SlidingWindow
    >>> nothing = Dataset(".", "voc", "detection", ("a",), ())
    >>> compare_proposers({"windows": SlidingWindow()}, nothing)["windows"].objects
    0
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} has no boxes: proposals are measured against boxes.")
    paths = [sample.path for sample in dataset]
    found = {}
    for name, proposer in proposers.items():
        proposed = propose_files(
            proposer, paths, cache=user_cache(), name=f"proposals of {name}", callbacks=callbacks
        )
        objects, labels = [], []
        for sample, answer in zip(dataset, proposed, strict=True):
            good = sample.trainable
            objects.append(clip(sample.boxes[good], answer.width, answer.height))
            labels.append(np.asarray(sample.labels[good]))
        found[name] = proposal_recall(
            [answer.proposals.boxes for answer in proposed],
            objects,
            numbers=numbers,
            thresholds=thresholds,
            labels=labels,
        )
    return found
