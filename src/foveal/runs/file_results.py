"""What became of the files that a verb was given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, eq=False)
class FileResults:
    """What was found in the files that could be read, and which could not.

    Attributes
    ----------
    folder : pathlib.Path
        Where everything was written.
    results : list of dict
        One for each file that could be read, in the order of the files.
    unreadable : dict of str to str
        The other files, each with the reason.
    """

    folder: Path
    results: list[dict[str, Any]]
    unreadable: dict[str, str]
