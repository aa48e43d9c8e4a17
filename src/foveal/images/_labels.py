"""Where the names of boxes are written, and how large."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

from foveal.images.palette import Color
from foveal.wording import visible

_SMALLEST = 9


class Label(NamedTuple):
    """A filled rectangle, both ends inclusive, and the text in it."""

    left: int
    top: int
    right: int
    bottom: int
    text: str


class Labeller:
    """Places labels inside an image, each where it hides least of the earlier ones.

    Parameters
    ----------
    width, height : int
        Of the image.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        # Read from a screen, an image is shown at a few hundred pixels whatever it has.
        self.font_size = max(_SMALLEST, min(round(max(width, height) / 36), round(height / 3)))
        self.font = _font(self.font_size)
        self.padding = max(1, round(self.font_size / 5))
        # The same height for every label, whatever its letters.
        _, top, _, bottom = self.font.getbbox("Ágjp|")
        self._text_top = int(top)
        self._line = int(bottom - top) + 1
        self._placed: list[Label] = []

    def place(self, text: str, box: tuple[int, int, int, int]) -> Label | None:
        """Where the label of a box goes; None if nothing of it fits.

        Parameters
        ----------
        text : str
        box : (int, int, int, int)
            Left, top, right and bottom of the box's outline, inclusive and inside the image.
        """
        text = self._shortened(" ".join(visible(text, lines=True).split()))
        if not text:
            return None
        left, top, right, bottom = box
        width, height = self._width(text) + 2 * self.padding, self._line + 2 * self.padding
        if width > self.width or height > self.height:
            return None
        corners = [
            (left, top - height),
            (left, top),
            (right - width + 1, top - height),
            (left, bottom + 1),
            (right - width + 1, bottom - height + 1),
            (left, bottom - height + 1),
        ]
        possible = [self._at(x, y, width, height, text) for x, y in corners if 0 <= y <= self.height - height]
        possible = possible or [self._at(left, top, width, height, text)]
        # The first place that hides nothing, else the one that hides least.
        chosen = min(possible, key=lambda label: sum(_overlap(label, other) for other in self._placed))
        self._placed.append(chosen)
        return chosen

    def text_origin(self, label: Label) -> tuple[int, int]:
        """Where the text of a label begins, for Pillow's ``ImageDraw.text``."""
        return label.left + self.padding, label.top + self.padding - self._text_top

    def _at(self, left: int, top: int, width: int, height: int, text: str) -> Label:
        left = min(max(left, 0), self.width - width)
        top = min(max(top, 0), self.height - height)
        return Label(left, top, left + width - 1, top + height - 1, text)

    def _width(self, text: str) -> int:
        return int(self.font.getlength(text)) + 1

    def _shortened(self, text: str) -> str:
        room = self.width - 2 * self.padding
        if self._width(text) <= room:
            return text
        for length in range(len(text) - 1, 0, -1):
            short = text[:length].rstrip() + "…"
            if self._width(short) <= room:
                return short
        return text[:1] if self._width(text[:1]) <= room else ""


def text_color(background: Color) -> Color:
    """Black or white, whichever stands out more (WCAG 2's contrast ratio)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in background)
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    # Equal at the square root of 1.05 * 0.05, less 0.05.
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)


def _overlap(a: Label, b: Label) -> int:
    """Pixels that two labels share."""
    width = min(a.right, b.right) - max(a.left, b.left) + 1
    height = min(a.bottom, b.bottom) - max(a.top, b.top) + 1
    return max(width, 0) * max(height, 0)


@cache
def _font_file() -> Path | None:
    """DejaVu Sans, which Matplotlib brings along: Latin, Greek, Cyrillic, Arabic and much more."""
    from importlib.util import find_spec

    found = find_spec("matplotlib")
    for folder in (found.submodule_search_locations or []) if found else []:
        file = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if file.is_file():
            return file
    return None


def _font(size: int) -> "Font":
    # Made anew for every drawing: a font shared between threads is not safe in FreeType.
    from PIL import ImageFont

    file = _font_file()
    return ImageFont.load_default(size) if file is None else ImageFont.truetype(str(file), size)
