"""Text files that are about many images: which there are."""

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, is_image, stem_of
from foveal.errors import DataError
from foveal.files import open_regular

# Several formats ask; opening the text files of a large set is felt.
_found: WeakKeyDictionary[Tree, list[str]] = WeakKeyDictionary()


def text_lists(tree: Tree) -> Iterator[tuple[str, list[str]]]:
    """The text files whose first line names an image and that are not about one image.

    Yields
    ------
    (str, list of str)
        The file and its lines, without blanks around them; empty ones keep their places.
    """
    if tree not in _found:
        stems = {stem_of(image) for image in tree.images}
        # A file that is called like an image is about that one.
        others = (file for file in tree.with_suffix(".txt") if stem_of(file) not in stems)
        _found[tree] = [file for file in others if _begins_with_image(tree, file)]
    for file in _found[tree]:
        try:
            yield file, [line.strip() for line in text_of(tree.path(file)).splitlines()]
        except DataError:
            continue


def _begins_with_image(tree: Tree, file: str) -> bool:
    """Whether a word that ends like an image stands in the first line; only the beginning is read."""
    try:
        with open_regular(tree.path(file)) as stream:
            head = stream.read(4096)
    except OSError:
        return False
    first = head.replace(b"\0", b"").decode("utf-8", errors="replace").strip().partition("\n")[0].strip()
    return is_image(first) or any(is_image(word) for word in re.split(r"[\s,;|]+", first))
