"""What writers of annotations share.

Each writer gives back the same boxes, classes, flags and splits when the result is read again, as far as
the format has words for them; the docstrings say what each has none for.
"""

import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from foveal.data.dataset import Dataset, Sample
from foveal.errors import DataError
from foveal.files import replacing
from foveal.wording import visible

_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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
    """The images' names, each with a stem of its own: of equal ones each gets its id added.

    What no format has a word for, such as a control, is its number, and a backslash, which readers take for
    the end of a folder's name, ``_``.
    """
    names = [Path(visible(sample.name).replace("\\", "_")) for sample in dataset]
    count = Counter(name.stem.lower() for name in names)
    return [
        str(n) if count[n.stem.lower()] == 1 else f"{n.stem}-{s.id}{n.suffix}"
        for n, s in zip(names, dataset, strict=True)
    ]


def xml_text(root: Element) -> str:
    """A tree of XML as the text of a file; what XML has no word for, such as controls, by its number."""
    return _NOT_IN_XML.sub(lambda match: visible(match[0]), tostring(root, encoding="unicode")) + "\n"


def copy_image(sample: Sample, target: Path) -> None:
    """Copy an image that exists; one that does not is passed over."""
    if sample.path.is_file():
        with replacing(target) as temporary:
            shutil.copyfile(sample.path, temporary)
