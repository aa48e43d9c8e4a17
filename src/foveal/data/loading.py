"""Reading a data set, whatever its format."""

import os
from dataclasses import replace
from pathlib import Path

from foveal.data.dataset import Dataset
from foveal.data.file_tree import Tree
from foveal.data.formats.split_lists import normalise
from foveal.data.formats.table import FORMATS
from foveal.errors import DataError


def load(path: str | os.PathLike[str], split: str | None = None, format: str | None = None) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    path : path-like
        A folder, a COCO annotation file (whose images may be absent) or YOLO's ``data.yaml``.
    split : str, optional
        Only the images that the data set itself puts in this split: ``"train"``, ``"val"`` or
        ``"test"`` (``"valid"`` and ``"validation"`` are val). All by default.
    format : {"voc", "coco", "yolo", "folders", "crops"}, optional
        By default the first that is found: where a folder holds several, VOC wins, then COCO, YOLO, the
        crops of ``foveal prepare``, one folder a class.

    Returns
    -------
    Dataset
        Broken files and objects among good ones are left out, and each is in ``findings``. Images
        without objects stay. Ids are COCO's, elsewhere they count from 1 in the order of file names
        (of equal names, the path decides).

    Raises
    ------
    DataError
        If the path does not exist, nothing is recognised in it, the named format is not there, the data
        set has no such split, or the only file is broken.

    Notes
    -----
    The classes of Pascal VOC and of folders are sorted by name; those of COCO are in the order of their
    ids, those of YOLO in the order of their numbers. Images that lie beside annotated ones and have no
    annotation are background, images without objects; those in folders without any annotated
    image are not part of the data.

    Names in annotation files are only looked up among the files inside the data folder: none can lead
    out of it.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog"):
    ...     (root / name).mkdir()
    ...     Image.new("RGB", (8, 6)).save(root / name / "1.png")
    >>> dataset = load(root)
    >>> dataset.format, dataset.classes, [(s.name, s.label, s.width) for s in dataset]
    ('folders', ('cat', 'dog'), [('1.png', 0, 8), ('1.png', 1, 8)])
    """
    path = Path(path)
    if format is not None and format not in FORMATS:
        raise DataError(f"There is no format {format!r}; the formats are {', '.join(FORMATS)}.")
    if not path.exists():
        raise DataError(f"There is no folder or file {path}.")
    dataset = _load_file(path, format) if path.is_file() else _load_folder(Tree.scan(path), format)
    dataset = replace(dataset, source=path)
    return dataset if split is None else select_split(dataset, split)


def select_split(dataset: Dataset, split: str) -> Dataset:
    """The images that the data set itself puts in a split, in whatever spelling of its name.

    Raises
    ------
    DataError
        If the data set has no such split.
    """
    name = normalise(split)
    if name is None or name not in dataset.splits:
        there = ", ".join(sorted(dataset.splits)) or "no splits"
        raise DataError(f"{dataset.root} has no split {split!r}; it has {there}.")
    return dataset.part(name)


def _load_folder(tree: Tree, format: str | None) -> Dataset:
    rows = [row for row in FORMATS.values() if format in (None, row.name)]
    for row in rows:
        dataset = row.read(tree, format is not None)
        if dataset is not None:
            if not dataset.samples:
                first = dataset.findings[0].message if dataset.findings else "it is empty."
                raise DataError(f"{tree.root} holds no usable picture: {first}")
            return dataset
    looked_for = "; ".join(row.looked_for for row in rows)
    broken = [finding.message for row in rows if row.broken for finding in row.broken(tree)]
    also = f" {broken[0]}" if broken else ""
    raise DataError(f"{tree.root} is not a data set that Foveal knows. It looked for {looked_for}.{also}")


def _load_file(path: Path, format: str | None) -> Dataset:
    for row in FORMATS.values():
        if row.read_file and path.suffix.lower() in row.suffixes and format in (None, row.name):
            return row.read_file(path)
    files = " nor ".join(f"a {row.title} {row.suffixes[0]} file" for row in FORMATS.values() if row.read_file)
    raise DataError(
        f"{path} is neither a folder nor {files}" + (f" that could be read as {format}." if format else ".")
    )
