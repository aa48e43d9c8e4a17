"""Where detectors that take proposals look: the method, the regions of a data set, those of new pictures."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip
from foveal.data.dataset import Dataset, Sample
from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.files import user_cache
from foveal.models.detection.image_regions import ImageRegions
from foveal.proposals import (
    FileProposals,
    FileProposer,
    Proposals,
    Proposer,
    SelectiveSearch,
    close_stage,
    propose_files,
)

# Passes of a region proposal network that is asked for by a word; not minutes, so that the model is the same
# every time.
_RPN_EPOCHS = 30

Source = NDArray[np.uint8] | str | os.PathLike[str]


def proposer_for(proposals: Proposer | str) -> Proposer:
    """A method of proposing regions, or what a word names: a mode of selective search, or ``rpn``.

    Raises
    ------
    SettingError
        If it is neither.
    """
    if isinstance(proposals, str) and proposals == "rpn":
        from foveal.models.detectors.rpn import RPN

        return RPN(epochs=_RPN_EPOCHS)
    if isinstance(proposals, str):
        return SelectiveSearch(mode=proposals)
    if not isinstance(proposals, Proposer):
        raise SettingError(
            f"proposals is a mode of selective search, rpn, or has a method propose; got {proposals!r}."
        )
    return proposals


def regions_of(
    dataset: Dataset, proposer: Proposer, *, max_proposals: int, callbacks: Callbacks = ()
) -> list[ImageRegions]:
    """The best proposals of every picture of a data set, and its objects.

    Proposals are kept in the user's cache (:func:`foveal.files.user_cache`).

    Parameters
    ----------
    dataset : Dataset
    proposer : Proposer
    max_proposals : int
        The best so many of each picture.
    callbacks : sequence of callables

    Returns
    -------
    list of ImageRegions
    """
    proposed = propose_files(
        proposer,
        [sample.path for sample in dataset],
        number=max_proposals,
        cache=user_cache(),
        callbacks=callbacks,
    )
    return [_regions(s, p) for s, p in zip(dataset.samples, proposed, strict=True)]


def propose_pictures(
    proposer: Proposer, images: Sequence[Source], *, max_proposals: int, callbacks: Callbacks = ()
) -> list[Proposals]:
    """The best proposals of pictures; those of files are kept in the user's cache.

    Parameters
    ----------
    proposer : Proposer
    images : sequence of ndarray of shape (H, W, 3), uint8, or of paths
    max_proposals : int
    callbacks : sequence of callables

    Returns
    -------
    list of Proposals

    Raises
    ------
    ImageError
        If a file cannot be read.
    """
    cache = user_cache()
    files = FileProposer(proposer, cache)

    def one(source: Source) -> tuple[Proposals, bool | None]:
        if isinstance(source, np.ndarray):
            return proposer.propose(source).best(max_proposals), None
        found = files.propose(source)
        return found.proposals.best(max_proposals), found.cached

    with stage(callbacks, "proposals of held-out images", len(images)) as progress:
        answers = parallel.map(one, images, done=progress)
    close_stage(cache, [cached for _, cached in answers if cached is not None], callbacks)
    return [proposals for proposals, _ in answers]


def _regions(sample: Sample, proposed: FileProposals) -> ImageRegions:
    objects = clip(sample.boxes, proposed.width, proposed.height)
    good = sample.trainable
    ignored = sample.difficult | sample.crowd
    return ImageRegions(proposed.proposals.boxes, objects[good], sample.labels[good], objects[ignored])
