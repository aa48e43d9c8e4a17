"""Standard output and standard error, whatever letters they take."""

import codecs
import io
import sys
import warnings

# What stands in Foveal's own sentences and tables, where an encoding lacks it.
_ALIKE = {
    "…": "...", "–": "-", "—": "-", "−": "-", "×": "x", "✕": "x", "·": ".", "→": "->", "≥": ">=", "≤": "<=",
    "″": '"', "“": '"', "”": '"', "‘": "'", "’": "'", "•": "*", "━": "-",
}  # fmt: skip


def prepare_streams() -> None:
    """Let no library's warning reach the terminal, and no letter that it lacks end the program.

    Windows writes files in one of its old encodings where output is redirected, other systems in ASCII where
    they are told to. What such an encoding lacks is written as what looks like it, or by its number.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    codecs.register_error("foveal-shown", _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="foveal-shown")


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        letter = error.object[error.start]
        if letter in _ALIKE:
            return _ALIKE[letter], error.start + 1
        # One at a time: the next may be one that has a likeness.
        error.end = error.start + 1
    return codecs.backslashreplace_errors(error)
