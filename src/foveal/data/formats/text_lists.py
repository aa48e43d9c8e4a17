"""Text files that are about many images: which there are."""

from collections.abc import Iterator

from foveal.data.documents import text_of
from foveal.data.file_tree import Tree, is_image, stem_of
from foveal.errors import DataError


def text_lists(tree: Tree) -> Iterator[tuple[str, list[str]]]:
    """The text files whose first line names an image and that are not about one image.

    Yields
    ------
    (str, list of str)
        The file and its lines, without blanks around them; empty ones keep their places.
    """
    stems = {stem_of(image) for image in tree.images}
    for file in tree.with_suffix(".txt"):
        # A file that is called like an image is about that one.
        if stem_of(file) in stems or not _begins_with_image(tree, file):
            continue
        try:
            yield file, [line.strip() for line in text_of(tree.path(file)).splitlines()]
        except DataError:
            continue


def _begins_with_image(tree: Tree, file: str) -> bool:
    """Whether a word that ends like an image stands in the first line; only the beginning is read."""
    try:
        with tree.path(file).open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return False
    first = head.replace(b"\0", b"").decode("utf-8", errors="replace").strip().partition("\n")[0].strip()
    return is_image(first) or any(is_image(word) for word in first.replace(",", " ").split())
