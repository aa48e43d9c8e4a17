"""What writers of annotations share.

Each writer gives back the same boxes, classes, flags and splits when the result is read again, as far as
the format has words for them; the docstrings say what each has none for.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from foveal.data.dataset import Dataset, Sample
from foveal.errors import DataError
from foveal.files import replacing
from foveal.wording import visible

#: Whether a writer copies the images; or what puts one in its place, given the sample and the new path.
Pictures = bool | Callable[[Sample, Path], None]

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_detection(dataset: Dataset, format: str) -> None:
    """Refuse a data set for classification.

    Raises
    ------
    DataError
        If it is one.
    """
    if dataset.task != "detection":
        raise DataError(
            f"{dataset.root} is a data set for classification; {format} files hold boxes. Class folders "
            "(folders) and tables (labels) hold classes of whole pictures."
        )


def check_sizes(dataset: Dataset, why: str) -> None:
    """Refuse images whose size is not known, for a format that needs it.

    Raises
    ------
    DataError
        If there is one.
    """
    unknown = [sample.name for sample in dataset if not (sample.width and sample.height)]
    if unknown:
        raise DataError(f"The size of {unknown[0]} is not known; {why}.")


def unique_names(dataset: Dataset) -> list[str]:
    """The images' names, each with a stem of its own: of equal ones each gets its id added.

    What no format has a word for, such as a control, is its number, and a backslash, which readers take for
    the end of a folder's name, ``_``.
    """
    names = [Path(visible(sample.name).replace("\\", "_")) for sample in dataset]
    count = Counter(name.stem.lower() for name in names)
    taken = set(count)
    unique = []
    for name, sample in zip(names, dataset, strict=True):
        if count[name.stem.lower()] > 1:
            others = (f"{name.stem}-{sample.id}{more}" for more in ("", *(f"-{n}" for n in range(2, 100))))
            stem = next(other for other in others if other.lower() not in taken)
            taken.add(stem.lower())
            name = name.with_name(stem + name.suffix)
        unique.append(str(name))
    return unique


def xml_text(root: Element) -> str:
    """A tree of XML as the text of a file; what XML has no word for, such as controls, by its number."""
    return _NOT_IN_XML.sub(lambda match: visible(match[0]), tostring(root, encoding="unicode")) + "\n"


def place_image(sample: Sample, target: Path, images: Pictures) -> None:
    """Put an image where the written annotations look for it; one that does not exist is passed over."""
    if callable(images):
        images(sample, target)
    elif images and sample.path.is_file():
        copy_image(sample.path, target)


def copy_image(source: Path, target: Path) -> None:
    """Copy a file of an image."""
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
