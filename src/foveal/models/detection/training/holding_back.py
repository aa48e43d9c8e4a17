"""Training pictures that are held back to choose on."""

from dataclasses import replace

from foveal.data import Dataset, partition

# Fewer pictures than these are all needed for learning: five or ten of them judge nothing.
_FEWEST = 40
# More than these judge hardly better.
_MOST = 60


def hold_back(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Cut a data set into what is learnt from and what is held back.

    Parameters
    ----------
    dataset : Dataset
    share : float
        Of the pictures to hold back; see :func:`foveal.data.partition` for how they are drawn. Its own parts
        do not matter.
    seed : int

    Returns
    -------
    learnt, held : Dataset
        Nothing is held of fewer than 40 pictures, nor for a share of 0; never more than 60.
    """
    if len(dataset) < _FEWEST or not share:
        return dataset, dataset.select([])
    return cut_off(dataset, min(share, _MOST / len(dataset)), seed)


def cut_off(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Cut a share off a data set, whatever parts of its own it has.

    Parameters
    ----------
    dataset : Dataset
    share : float
    seed : int

    Returns
    -------
    rest, share : Dataset
    """
    plain = replace(dataset, samples=tuple(replace(sample, split=None) for sample in dataset.samples))
    parts = partition(plain, random_state=seed, test_size=share, validation="none")
    return parts.train, parts.test
