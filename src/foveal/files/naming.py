"""Names of files that do not collide."""

from collections.abc import Iterable


def unique_names(wanted: Iterable[str]) -> list[str]:
    """Names that differ even where upper and lower case are one: ``x``, ``x-2``, ``x-3``.

    Parameters
    ----------
    wanted : iterable of str
        File or folder names without suffix.

    Returns
    -------
    list of str
        In the same order; the first of equal names keeps its own.

    Examples
    --------
    >>> unique_names(["cat", "Cat", "dog"])
    ['cat', 'Cat-2', 'dog']
    """
    taken: set[str] = set()
    names = []
    for stem in wanted:
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names.append(name)
    return names
