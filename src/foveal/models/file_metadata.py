"""What an exported file says of itself."""

import json
from collections.abc import Sequence

from foveal.version import __version__


def metadata_of(name: str, classes: Sequence[str]) -> dict[str, str]:
    """The metadata of a file: the model's name, its classes and the version that wrote it."""
    return {
        "classes": json.dumps(list(classes), ensure_ascii=False),
        "model": name,
        "version": __version__,
    }
