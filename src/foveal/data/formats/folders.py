"""One folder a class."""

from foveal.data.dataset import Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import IMAGE_FOLDERS, MASK_FOLDERS, Tree, is_image
from foveal.data.formats.records import Reading, Record
from foveal.data.formats.split_lists import normalise


def _top(tree: Tree) -> str:
    """The folder which the class or split folders lie in: down while there is only one way."""
    top = ""
    while True:
        images, below = _content(tree, top)
        if images or len(below) != 1 or not _content(tree, below[0])[1]:
            return top
        if normalise(below[0].rpartition("/")[2]) is not None:
            return top
        top = below[0]


def _content(tree: Tree, folder: str) -> tuple[bool, list[str]]:
    images = any(is_image(name) for name in tree.folders[folder])
    start = f"{folder}/" if folder else ""
    below = {
        start + other[len(start) :].split("/")[0]
        for other in tree.folders
        if other != folder and other.startswith(start)
    }
    return images, sorted(b for b in below if _filled(tree, b))


def _filled(tree: Tree, folder: str) -> bool:
    return any(f == folder or f.startswith(f"{folder}/") for f in tree.image_folders)


def _places(tree: Tree) -> list[tuple[str, str | None, str | None]]:
    """Every image with its class and the folder of its split; None where it has none."""
    top = _top(tree)
    start = len(top) + 1 if top else 0
    split_folders = set()
    for folder in _content(tree, top)[1]:
        images, below = _content(tree, folder)
        # A class may be called "train": a split's folder has folders in it and no images.
        if normalise(folder[start:]) is not None and below and not images:
            split_folders.add(folder[start:])
    places: list[tuple[str, str | None, str | None]] = []
    for file in tree.images:
        parts = file[start:].split("/")
        split = None
        if split_folders:
            if parts[0] not in split_folders:
                places.append((file, None, None))
                continue
            split = parts.pop(0)
        places.append((file, parts[0] if len(parts) > 1 else None, split))
    return places


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder with one folder of images for each class says; None where there are no such folders.

    Both ``<class>/*`` and ``{train,val,test}/<class>/*`` are understood. The classes are sorted by name.
    """
    places = _places(tree)
    classes = sorted({label for _, label, _ in places if label is not None})
    if not classes:
        return None
    text, action = "The picture lies in no class's folder.", "The picture is left out."
    findings = [
        Finding("image-without-class", "warning", file, text, action)
        for file, label, _ in places
        if label is None
    ]
    records = [
        Record(file, file, split=normalise(split) if split else None, label=label)
        for file, label, split in places
        if label is not None
    ]
    findings += [
        Finding("empty-folder", "warning", folder, "The folder holds no picture.", "It is not a class.")
        for folder in tree.folders
        if folder
        and not _filled(tree, folder)
        and not any(other.startswith(f"{folder}/") for other in tree.folders)
    ]
    return Reading(records, classes, findings=findings)


def sure(reading: Reading) -> bool:
    """Whether the folders are classes even if nobody says so: at least two, not all of them usual names."""
    # Images in images/train and images/test are of no class, those in images/ and masks/ neither.
    usual = IMAGE_FOLDERS | MASK_FOLDERS
    return len(reading.classes) >= 2 and any(
        normalise(name) is None and name.lower() not in usual for name in reading.classes
    )
