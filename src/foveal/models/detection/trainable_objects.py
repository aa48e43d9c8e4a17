"""What a detector can learn from."""

from foveal.data.dataset import Dataset
from foveal.errors import DataError


def count_objects(dataset: Dataset, least: int = 1) -> int:
    """How many objects of a data set can be learnt from.

    Raises
    ------
    DataError
        If the data set is not for detection, or there are fewer than ``least``.
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} has no boxes: train a classifier on it instead of a detector.")
    number = sum(int(sample.trainable.sum()) for sample in dataset)
    if number < least:
        raise DataError(f"The training images of {dataset.root} hold no object to learn from.")
    return number
