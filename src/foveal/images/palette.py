"""Colours that people with any kind of colour vision can tell apart."""

import operator

Color = tuple[int, int, int]

PALETTE: tuple[Color, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (213, 94, 0),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (136, 34, 85),
    (153, 153, 51),
    (51, 34, 136),
    (238, 153, 170),
    (221, 221, 221),
)
"""Twelve RGB colours, the most distinct first.

The first seven are those of Okabe and Ito, "Color Universal Design" (2008), without black; orange, sky
blue, bluish green, vermilion, reddish purple, yellow, blue. The others are from Paul Tol's "Colour
Schemes" (2021): wine, olive, indigo, rose, pale grey.
"""

_GREY = (153, 153, 153)


def color_of(index: int) -> Color:
    """The colour of a class.

    Parameters
    ----------
    index : int
        From 0; the palette begins anew after its end. Negative numbers, which stand for background and for
        what is ignored, are grey.

    Returns
    -------
    (int, int, int)
        Red, green, blue, 0 to 255.

    Examples
    --------
    >>> color_of(0), color_of(12), color_of(-1)
    ((230, 159, 0), (230, 159, 0), (153, 153, 153))
    """
    index = operator.index(index)
    return PALETTE[index % len(PALETTE)] if index >= 0 else _GREY
