"""What is known and not read: archives, records of other programs, masks; each with the way out."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from foveal.data.dataset import Finding, Severity, Task
from foveal.data.file_tree import IMAGE_FOLDERS, MASK_FOLDERS, Tree, natural
from foveal.data.formats.records import Reading
from foveal.data.formats.split_lists import normalise
from foveal.errors import ImageError
from foveal.files import open_regular
from foveal.images import NO_PHOTOGRAPHS, probe, unread
from foveal.wording import count

_EXPORT = "export the data set as COCO or Pascal VOC"

#: Suffixes in lower case: what such a file is, and the way out.
SUFFIXES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst"),
        ("an archive", "unpack it, and name the folder"),
    ),
    **dict.fromkeys(
        (".tfrecord", ".tfrecords", ".record"),
        ("a file of TFRecords", f"{_EXPORT} where it was made, or write its pictures out with TensorFlow"),
    ),
    **dict.fromkeys(
        (".npy", ".npz"),
        (
            "a NumPy array",
            "save pictures as PNG in a folder for each class, and boxes as COCO or Pascal VOC",
        ),
    ),
    **dict.fromkeys(
        (".h5", ".hdf5"), ("an HDF5 file", "save its pictures as PNG in a folder for each class")
    ),
    **dict.fromkeys((".pkl", ".pickle"), ("a pickle, which is never opened, since it can run code", _EXPORT)),
    **dict.fromkeys((".pt", ".pth"), ("a file of PyTorch, which is never opened", _EXPORT)),
    ".manifest": ("a manifest of SageMaker Ground Truth", "convert it to COCO or CSV"),
    ".mat": ("a MATLAB file", "export its table as CSV, with a row an object"),
    **dict.fromkeys(
        (".parquet", ".arrow", ".feather"),
        ("a table in columns (Parquet, Arrow)", "save its pictures as files and its labels as metadata.csv"),
    ),
    **dict.fromkeys((".mdb", ".lmdb"), ("an LMDB data base", "save its pictures as files")),
    **dict.fromkeys((".rec", ".idx"), ("a record file of MXNet", "unpack it with MXNet's im2rec")),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), ("a spreadsheet", "save it as CSV, with a row an object")),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), ("a data base", "export its table as CSV")),
    **dict.fromkeys((".shp", ".geojson", ".gpkg"), ("a map's shapes", "convert them to pixels, as COCO")),
}  # fmt: skip

# Files without a usual suffix, by their names.
_CIFAR = "save its pictures as PNG in a folder for each class"
_NAMES = (
    (re.compile(r"^(data_batch_\d+|test_batch)(\.bin)?$"), f"a batch of CIFAR: {_CIFAR}"),
    (re.compile(r"-idx\d-ubyte(\.gz)?$"), f"a file of MNIST: {_CIFAR}"),
    (re.compile(r"\.(tf)?records?-\d+-of-\d+$"), ": ".join(SUFFIXES[".tfrecord"])),
)

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
# Text files by their first lines: in the order in which they are tried.
_LINES = (
    (
        re.compile(rf"^\d+,-?\d+(,{_NUMBER}){{4,8}},?$"),
        "boxes of a film as MOT has them (frame, id, x, y, width, height, …)",
        "convert them to COCO, with a picture for each frame",
    ),
    (
        re.compile(rf"^(imagesource:.*|gsd:.*|({_NUMBER}\s+){{8}}[^\s\d]\S*(\s+\d)?)$", re.IGNORECASE),
        "corners of turned boxes as DOTA has them",
        "write their bounding boxes as Pascal VOC or COCO",
    ),
    (
        re.compile(rf"^\S.*?(\s+{_NUMBER}(,{_NUMBER}){{3}},\d+)+$"),
        "a list of pictures with boxes as keras-yolo3 has it (path x1,y1,x2,y2,class …)",
        "convert it to CSV with the columns filename, xmin, ymin, xmax, ymax, class",
    ),
    (
        re.compile(r"^\S.*\.(jpe?g|png|bmp|gif|webp|tiff?)[\s,]+\d+$", re.IGNORECASE),
        "a list of pictures with the numbers of their classes",
        "sort the pictures into a folder for each class",
    ),
    (
        re.compile(r"^\S.*\.(jpe?g|png|bmp|gif|webp|tiff?)$", re.IGNORECASE),
        "a list of pictures",
        "put the annotations that belong to it into the folder as well",
    ),
)
# Letters of a line that are looked at.
_LETTERS = 500
# Text files that are looked into at most.
_TEXTS = 40
_OTHER_TEXTS = re.compile(
    r"^(readme|licen[cs]e|requirements|notes|source|classes|labels|names)\b", re.IGNORECASE
)
# Of files without a suffix that are looked at.
_SUFFIXLESS = 20
# Classes that stand in pictures' names: so many words at most, and so many pictures each at least.
_WORDS, _EACH = 50, 2


def named(tree: Tree) -> list[str]:
    """What lies in a folder and is known, but not read: a sentence each, the most telling first."""
    return [
        *_unreadable(tree),
        *_by_suffix(tree),
        *_texts(tree),
        *_masks(tree),
        *_without_suffix(tree),
        *_by_suffix(tree, True),
    ]


def pictures(tree: Tree, reading: Reading, task: Task) -> list[Finding]:
    """What lies among the images of a data set and cannot be read, each with the way out.

    What an annotation speaks of is named where the image is looked for.
    """
    folders = {image.rpartition("/")[0] for image in reading.images}
    # A class may consist of nothing else.
    above = {folder.rpartition("/")[0] for folder in folders if folder} if task == "classification" else set()
    spoken_of = {tree.unread_named(record.named) for record in reading.records if record.image is None}
    findings = []
    for file in tree.unread:
        folder = file.rpartition("/")[0]
        if file in spoken_of or not (folder in folders or (folder and folder.rpartition("/")[0] in above)):
            continue
        severity: Severity = "error"
        if os.path.splitext(file)[1].lower() in NO_PHOTOGRAPHS:  # noqa: PTH122
            severity = "warning" if task == "classification" else "note"
        text = f"It is {unread(file)}."
        findings.append(Finding("unreadable-image", severity, file, text, "The file is left out."))
    return findings


def of_file(name: str) -> str:
    """What a file is by its name, and the way out, as the end of a sentence; ``""`` where nothing tells."""
    name = name.rpartition("/")[2]
    for pattern, what in _NAMES:
        if pattern.search(name):
            return what
    what, way = SUFFIXES.get(name[name.rfind(".") :].lower() if "." in name else "", ("", ""))
    return f"{what}: {way}" if what else unread(name).replace("; ", ": ", 1)


def inventory(tree: Tree) -> str:
    """What lies in a folder, by suffix, the most common first: ``"12 .jpg, 3 .txt and 1 .zip"``."""
    counts = Counter(_suffix(file) for file in tree.files)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{number} {suffix or 'without a suffix'}" for suffix, number in most[:6]]
    rest = sum(number for _, number in most[6:])
    words += [f"{rest} others"] if rest else []
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _suffix(file: str) -> str:
    stem, dot, suffix = file.rpartition("/")[2].rpartition(".")
    # "dog.337" and "p.0" have no suffix that would tell anything.
    return f".{suffix.lower()}" if dot and stem and len(suffix) <= 9 and not suffix.isdecimal() else ""


def _one_and_more(files: list[str]) -> str:
    first = min(files, key=natural)
    return f"{first} (and {len(files) - 1} more like it)" if len(files) > 1 else first


def _by_suffix(tree: Tree, pictures: bool = False) -> Iterator[str]:
    """Of files that are known by their names; of pictures, drawings and films, or of all others."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in tree.files:
        if (what := of_file(file)) and bool(unread(file)) == pictures:
            found[what].append(file)
    for what, files in sorted(found.items(), key=lambda item: -len(item[1])):
        yield f"{_one_and_more(files)} is {what}."


def _unreadable(tree: Tree) -> Iterator[str]:
    """Of text files that cannot be opened; all others are parsed, and told of there."""
    texts = [f for f in tree.with_suffix(".txt") if not _OTHER_TEXTS.match(f.rpartition("/")[2])]
    for file in texts[:_TEXTS]:
        try:
            open_regular(tree.path(file)).close()
        except OSError as error:
            yield f"{file} cannot be read ({error.strerror or error})."


def _texts(tree: Tree) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    texts = [f for f in tree.with_suffix(".txt") if not _OTHER_TEXTS.match(f.rpartition("/")[2])]
    for file in texts[:_TEXTS]:
        lines = [line.strip() for line in _head(tree, file).splitlines() if line.strip()]
        # In a longer line an end could be looked for in more ways than can be tried.
        lines = [_cut(line) for line in lines[:2]]
        for pattern, what, way in _LINES:
            if lines and all(map(pattern.match, lines)):
                found[what, way].append(file)
                break
    for (what, way), files in sorted(found.items(), key=lambda item: -len(item[1])):
        yield f"{_one_and_more(files)} holds {what}: {way}."


def _cut(line: str) -> str:
    """The first words of a line."""
    return line if len(line) <= _LETTERS else line[:_LETTERS].rpartition(" ")[0]


def first_lines(tree: Tree) -> Iterator[str]:
    """Of the first text file that may be about pictures: how it begins, as a sentence."""
    for file in tree.with_suffix(".txt"):
        line = next((line.strip() for line in _head(tree, file).splitlines() if line.strip()), "")
        if line and not _OTHER_TEXTS.match(file.rpartition("/")[2]):
            yield f"{file} begins with {line[:60]!r}, as no format has it."
            return


def _head(tree: Tree, file: str) -> str:
    try:
        with open_regular(tree.path(file)) as stream:
            content = stream.read(4096)
    except OSError:
        return ""
    # The last line may be cut off.
    content = content if len(content) < 4096 else content.rpartition(b"\n")[0]
    return content.decode("utf-8-sig", errors="replace")


def _masks(tree: Tree) -> Iterator[str]:
    folders = [folder for folder in tree.image_folders if MASK_FOLDERS & set(folder.lower().split("/"))]
    if folders:
        where = f"{folders[0]}/" + (f" (and {len(folders) - 1} more)" if len(folders) > 1 else "")
        yield (
            f"{where} seems to hold masks, a colour an object or class: take the bounding box of each "
            "object, and write them as COCO or Pascal VOC."
        )


def _without_suffix(tree: Tree) -> Iterator[str]:
    files = [file for file in tree.files if not _suffix(file)]
    images = []
    for file in files[:_SUFFIXLESS]:
        try:
            images.append((file, probe(tree.path(file)).format))
        except (ImageError, OSError):
            continue
    if images:
        file, kind = images[0]
        suffix = {"JPEG": ".jpg", "TIFF": ".tif"}.get(kind, f".{kind.lower()}")
        one = f"file has no suffix, and is a {kind} picture"
        several = f"files have no suffix, and are {kind} pictures"
        yield (
            f"{count(len(files), one, several)}, such as {file}: add {suffix} to "
            f"{'its name' if len(files) == 1 else 'their names'}."
        )


def bare_pictures(tree: Tree) -> Iterator[str]:
    """Of pictures that nothing speaks of: where their classes may stand, and what to do, as sentences."""
    if not tree.images:
        return
    words: dict[str, list[str]] = defaultdict(list)
    for file in tree.images:
        name = file.rpartition("/")[2]
        if match := re.match(r"^([A-Za-z]{2,})[._ -]*\d", name):
            words[match[1].lower()].append(name)
    classes = sorted(word for word, files in words.items() if len(files) >= _EACH)
    in_names = sum(len(words[word]) for word in classes)
    folders = [folder for folder in tree.image_folders if folder]
    if 2 <= len(classes) <= _WORDS and 2 * in_names > len(tree.images):
        yield (
            f"The classes seem to stand in the pictures' names ({', '.join(classes[:4])}): move the pictures "
            "into a folder for each class."
        )
    elif len(folders) == 1 and folders == tree.image_folders and _may_be_class(folders[0]):
        where = f"All pictures lie in one folder, {folders[0]}/"
        yield f"{where}: a classifier needs those of at least two classes."
    else:
        yield (
            "There are pictures, but nothing says what they show: label them, or sort them into a folder "
            "for each class."
        )


def _may_be_class(folder: str) -> bool:
    name = folder.rpartition("/")[2]
    return normalise(name) is None and name.lower() not in IMAGE_FOLDERS
