"""What writers of annotations share.

Each writer gives back the same boxes, classes, flags and splits when the result is read again, as far as
the format has words for them; the docstrings say what each has none for.
"""

import shutil
from collections import Counter
from pathlib import Path

from foveal.data.dataset import Dataset, Sample
from foveal.errors import DataError
from foveal.files import replacing


def check_detection(dataset: Dataset, format: str) -> None:
    """Refuse a data set for classification.

    Raises
    ------
    DataError
        If it is one.
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} is a data set for classification; {format} files hold boxes.")


def unique_names(dataset: Dataset) -> list[str]:
    """The images' names, each with a stem of its own: of equal ones each gets its id added."""
    count = Counter(sample.path.stem.lower() for sample in dataset)
    return [
        s.name if count[s.path.stem.lower()] == 1 else f"{s.path.stem}-{s.id}{s.path.suffix}" for s in dataset
    ]


def copy_image(sample: Sample, target: Path) -> None:
    """Copy an image that exists; one that does not is passed over."""
    if sample.path.is_file():
        with replacing(target) as temporary:
            shutil.copyfile(sample.path, temporary)
