"""VGG Image Annotator (VIA): projects and exports of versions 1, 2 and 3 (Dutta and Zisserman, 2019)."""

from collections.abc import Iterator, Sequence
from typing import Any

from foveal.data.dataset import Finding
from foveal.data.documents import Documents, Table
from foveal.data.file_tree import Match, Tree
from foveal.data.formats.drawings import Drawing, gather, tell_broken
from foveal.data.formats.records import Reading
from foveal.data.formats.via.files import Image, Region, of_project, of_rows
from foveal.data.formats.via.views import of_numbered_rows, of_views
from foveal.errors import DataError
from foveal.wording import count

# Names of attributes that can mean nothing but the class; then those that mostly mean it.
_CLASS_NAMES = (
    ("class", "label", "category", "classname", "labelname", "categoryname"),
    ("type", "name", "object", "objecttype", "species"),
)
# Attributes that a sentence names.
_LISTED = 4
# What all are called where no attribute tells.
_ONLY_CLASS = "object"


def take(content: Any, file: str) -> list[Image] | None:
    """What a file says of its images, given its content; None where it is no file of VIA."""
    if isinstance(content, Table):
        images = of_rows(content)
        return of_numbered_rows(content) if images is None else images
    if not isinstance(content, dict):
        return None
    images = of_views(content)
    return of_project(content) if images is None else images


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's files of VIA say as one data set; None where there are none.

    The classes are sorted by name. One attribute of the regions tells the class: the one that is called
    class, label or the like, else the only one.

    Raises
    ------
    DataError
        If two files contradict each other about an image, or several attributes may be the class.
    """
    files: dict[str, list[Image]] = documents.of("via")
    if not files:
        return None
    regions = [region for images in files.values() for image in images for region in image.regions]
    attribute = class_attribute(next(iter(files)), regions)
    found = [(file, _match(tree, image, file), _drawing(image, attribute)) for file, image in _images(files)]
    reading = gather(found)
    if attribute is None and regions:
        what = "it is" if len(regions) == 1 else "they are"
        text = f"No attribute of the {count(len(regions), 'region')} says what {what}."
        action = f"All are called {_ONLY_CLASS!r}."
        reading.findings.append(Finding("no-class-names", "warning", next(iter(files)), text, action))
    tell_broken(reading, tree, documents, (".json", ".csv"), one_each=False)
    return reading


def _images(files: dict[str, list[Image]]) -> Iterator[tuple[str, Image]]:
    return ((file, image) for file, images in files.items() for image in images)


def _match(tree: Tree, image: Image, file: str) -> Match:
    """The image that is meant; of images of one name the one with as many bytes."""
    match = tree.image_named(image.named, near=file) if image.named else Match()
    same = [rival for rival in match.rivals if tree.path(rival).stat().st_size == image.bytes]
    return Match(same[0]) if match.image is None and len(same) == 1 else match


def class_attribute(file: str, regions: Sequence[Region]) -> str | None:
    """Which attribute of regions is the class; None where they have none.

    Raises
    ------
    DataError
        If several may be meant; the sentence names the file and them.
    """
    # One that says something of no region is no attribute.
    used = list(dict.fromkeys(name for region in regions for name, said in region.attributes.items() if said))
    folded = {name: "".join(letter for letter in name.casefold() if letter.isalpha()) for name in used}
    for names in _CLASS_NAMES:
        called = [name for name in used if folded[name] in names]
        if called and all(_alike(region, called) for region in regions):
            return called[0]
        if called:
            raise DataError(_ambiguous(file, called))
    # What is true of one region more than once is no class: "good" and "frontal".
    several = {name for region in regions for name, said in region.attributes.items() if len(said) > 1}
    single = [name for name in used if name not in several]
    if len(single) > 1 or (used and not single):
        raise DataError(_ambiguous(file, single or used))
    return single[0] if single else None


def _alike(region: Region, names: Sequence[str]) -> bool:
    return len({region.attributes.get(name, ()) for name in names}) == 1


def _ambiguous(file: str, names: Sequence[str]) -> str:
    listed = " or ".join(repr(name) for name in names[:_LISTED])
    return (
        f"{file} has several attributes of regions, and Foveal cannot tell whether {listed} is the class: "
        "call that attribute 'class', or remove the others."
    )


def _drawing(image: Image, attribute: str | None) -> Drawing:
    drawing = Drawing(image.named, broken=list(image.broken))
    for number, region in enumerate(image.regions, 1):
        called = f"Region {number} of {image.named}"
        if region.broken:
            drawing.broken.append(f"{called} {region.broken}.")
        elif region.box is None:
            drawing.left_out[region.shape] += 1
        elif attribute is None:
            drawing.add(_ONLY_CLASS, list(region.box), region.shape)
        else:
            said = region.attributes.get(attribute, ())
            if len(said) == 1:
                drawing.add(said[0], list(region.box), region.shape)
            else:
                words = " and ".join(said) if said else "nothing"
                drawing.broken.append(f"{called} says {words} for {attribute!r}, which is the class.")
    return drawing
