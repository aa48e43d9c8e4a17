"""What is told of a data set."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with, or worth knowing about, a data set.

    Attributes
    ----------
    kind : str
        A short word for the kind of defect, the same in every data set: ``"duplicate-image"``.
    severity : {"error", "warning", "note"}
        An error keeps a file or an object out of training; a warning may cost accuracy; a note is
        worth knowing and does not make the data set unclean.
    file : str
        The file, relative to the data set; empty for the data set as a whole.
    message : str
        What is wrong.
    action : str
        What training will do about it.
    """

    kind: str
    severity: Severity
    file: str
    message: str
    action: str
