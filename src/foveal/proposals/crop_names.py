"""What crops, their folders and their labels are called."""

import re
import unicodedata
from collections.abc import Iterable

NEGATIVE = "negative"


def manifest_labels(classes: Iterable[str]) -> list[str]:
    """The classes' names in the manifest: their own, unless it is that of the negatives."""
    classes = list(classes)
    other = f"{NEGATIVE} (object)"
    while other in classes:
        other += "*"
    return [other if name == NEGATIVE else name for name in classes]


def safe_name(text: str) -> str:
    """A name that every file system and every shell takes, as like the text as can be.

    Examples
    --------
    >>> safe_name("café / #1=x"), safe_name("../.."), safe_name("猫")
    ('cafe_1_x', 'x', 'x')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^A-Za-z0-9.-]+", "_", plain).strip("._- ")[:80].rstrip("._- ")
    # Names of devices on Windows.
    return f"{name}_" if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name) else name or "x"
