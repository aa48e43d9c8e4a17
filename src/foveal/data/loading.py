"""Reading a data set, whatever its format."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from foveal.data import coco, folders, voc, yolo
from foveal.data.dataset import Dataset, Finding
from foveal.data.pictures import IMAGE_FOLDERS, Tree
from foveal.data.split_lists import normalise
from foveal.errors import DataError

FORMATS = ("voc", "coco", "yolo", "crops", "folders")

_LOOKED_FOR = {
    "voc": "Pascal VOC (.xml files whose root is <annotation>)",
    "coco": "COCO (a .json file with images and annotations)",
    "yolo": "YOLO (.txt files named like the pictures, with lines `class cx cy width height`)",
    "crops": "crops of `foveal prepare` (a file manifest.csv)",
    "folders": "one folder of pictures for each of at least two classes",
}


def load(path: str | os.PathLike[str], split: str | None = None, format: str | None = None) -> Dataset:
    """Read a data set.

    Parameters
    ----------
    path : path-like
        A folder, a COCO annotation file (whose pictures may be absent) or YOLO's ``data.yaml``.
    split : str, optional
        Only the pictures that the data set itself puts in this split: ``"train"``, ``"val"`` or
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
    ids, those of YOLO in the order of their numbers. Pictures that lie beside annotated ones and have no
    annotation are background, pictures without objects; those in folders without any annotated
    picture are not part of the data.

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
    """The pictures that the data set itself puts in a split, in whatever spelling of its name.

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


def formats_of(tree: Tree) -> list[str]:
    """Every format that a folder holds, the winning one first."""
    checks: dict[str, Callable[[Tree], bool]] = {
        "voc": voc.recognises,
        "coco": lambda tree: bool(coco.files_of(tree)[0]),
        "yolo": yolo.recognises,
        "crops": folders.recognises_crops,
        "folders": folders.recognises,
    }
    return [name for name in FORMATS if checks[name](tree)]


def _load_folder(tree: Tree, format: str | None) -> Dataset:
    broken: list[Finding] = []
    for name in FORMATS if format is None else (format,):
        dataset: Dataset | None = None
        if name == "voc" and voc.recognises(tree):
            dataset = voc.read(tree)
        elif name == "coco":
            files, broken = coco.files_of(tree)
            if files:
                files, copies = coco.originals(files)
                dataset = coco.read(tree, files, broken + copies)
        elif name == "yolo" and yolo.recognises(tree):
            dataset = yolo.read(tree)
        elif name == "crops" and folders.recognises_crops(tree):
            dataset = folders.read_crops(tree)
        elif name == "folders" and (
            folders.recognises(tree) or (format == "folders" and folders.classes_of(tree))
        ):
            dataset = folders.read(tree)
        if dataset is not None:
            if not dataset.samples:
                first = dataset.findings[0].message if dataset.findings else "it is empty."
                raise DataError(f"{tree.root} holds no usable picture: {first}")
            return dataset
    looked_for = "; ".join(_LOOKED_FOR[name] for name in (FORMATS if format is None else (format,)))
    also = f" {broken[0].message}" if broken else ""
    raise DataError(f"{tree.root} is not a data set that Foveal knows. It looked for {looked_for}.{also}")


def _load_file(path: Path, format: str | None) -> Dataset:
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml") and format in (None, "yolo"):
        tree = Tree.scan(path.parent)
        if not yolo.recognises(tree):
            raise DataError(f"{path} names classes, but there are no label files in {path.parent}.")
        dataset = yolo.read(tree, path.name)
        if not dataset.samples:
            raise DataError(f"No picture that {path} speaks of is in {path.parent}.")
        return dataset
    if suffix == ".json" and format in (None, "coco"):
        root, file = path.parent, path.name
        if root.resolve().name.lower() in ("annotations", "annotation"):
            root = root if root.name else root.resolve()
            root, file = root.parent, f"{root.name}/{path.name}"
        # Only folders that pictures may be in: the file may lie in somebody's home.
        tree = Tree.scan(root, lambda name: name.lower() in IMAGE_FOLDERS or normalise(name) is not None)
        content = coco.parse(path, file)
        if content is None:
            raise DataError(
                f"{path} is not a COCO annotation file: that is an object with `images` and `annotations`."
            )
        coco.find_pictures(tree, content)
        return coco.read(tree, [content], [])
    raise DataError(
        f"{path} is neither a folder nor a COCO .json file nor a YOLO .yaml file"
        + (f" that could be read as {format}." if format else ".")
    )
