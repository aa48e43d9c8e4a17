"""What a window over an image reads: sizes, strides and which taps of a kernel meet which pixels."""

from math import gcd
from typing import NamedTuple

Pair = int | tuple[int, int]
#: A padding may differ on the two sides of an axis: ((top, bottom), (left, right)).
Padding = Pair | tuple[tuple[int, int], tuple[int, int]]


def pair(value: Pair) -> tuple[int, int]:
    """Rows and columns of a setting that may be one number for both."""
    rows, columns = value if isinstance(value, (tuple, list)) else (value, value)
    return int(rows), int(columns)


def sides(padding: Padding) -> tuple[tuple[int, int], tuple[int, int]]:
    """Top and bottom, left and right of a padding.

    Examples
    --------
    >>> sides(1), sides((1, 2)), sides(((0, 1), (1, 2)))
    (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((0, 1), (1, 2)))
    """
    rows, columns = padding if isinstance(padding, (tuple, list)) else (padding, padding)
    return pair(rows), pair(columns)


class WindowShape:
    """The sizes of a convolution, checked.

    Parameters
    ----------
    x, weight : tuple of int
        The shapes of the input (N, H, W, I) and of the weights (O, I / groups, rows, columns).
    stride, dilation : int or (int, int)
    padding : int, (int, int) or ((int, int), (int, int))
        See :func:`sides`.
    groups : int

    Attributes
    ----------
    out_size : (int, int)
        Rows and columns of the output.
    padding : (int, int)
        That at the top and at the left, where the first window begins. How far the last ones hang over at the
        bottom and at the right follows from ``out_size``.

    Raises
    ------
    ValueError
        If the channels do not fit, or the padded image is smaller than the kernel.
    """

    def __init__(
        self,
        x: tuple[int, ...],
        weight: tuple[int, ...],
        stride: Pair,
        padding: Padding,
        dilation: Pair,
        groups: int,
    ) -> None:
        if len(x) != 4 or len(weight) != 4 or x[3] != weight[1] * groups or weight[0] % groups:
            raise ValueError(
                f"x must be (N, H, W, channels) and weight (outputs, channels / groups, rows, columns); "
                f"got {x} and {weight} with {groups} groups."
            )
        self.images, self.channels, self.outs, self.groups = x[0], x[3], weight[0], groups
        self.in_size, self.kernel = (x[1], x[2]), (weight[2], weight[3])
        self.stride, self.dilation = pair(stride), pair(dilation)
        pads = sides(padding)
        self.padding = (pads[0][0], pads[1][0])
        self.out_size = (self._out(0, sum(pads[0])), self._out(1, sum(pads[1])))
        if min(self.out_size) < 1:
            raise ValueError(
                f"An image of {x[1]}x{x[2]} with padding {padding} is smaller than the kernel of "
                f"{weight[2]}x{weight[3]} with dilation {self.dilation}: pad more or pool less."
            )
        plain = self.kernel == (1, 1) and self.stride == (1, 1) and pads == ((0, 0), (0, 0))
        #: A product of matrices: nothing but the pixel itself is read.
        self.is_product = plain and groups == 1
        self.is_depthwise = groups == self.channels == self.outs and groups > 1

    def _out(self, axis: int, padding: int) -> int:
        reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1
        return (self.in_size[axis] + padding - reach) // self.stride[axis] + 1


class Sweep(NamedTuple):
    """Windows along one axis of an output, or of every so many places of it, and the taps that they meet.

    Attributes
    ----------
    place, by, places : int
        The first place of the output, the way to the next, how many there are.
    tap, tap_by, taps : int
        The kernel's element that reads the smallest coordinate, the way to the next one, how many there are.
    stride, dilation : int
        How far apart two windows begin, and two taps read.
    corner : int
        How far before 0 the first window begins.
    """

    place: int
    by: int
    places: int
    tap: int
    tap_by: int
    taps: int
    stride: int
    dilation: int
    corner: int


def forward_sweep(shape: WindowShape, axis: int) -> Sweep:
    """Every window of a convolution along an axis."""
    return Sweep(
        place=0,
        by=1,
        places=shape.out_size[axis],
        tap=0,
        tap_by=1,
        taps=shape.kernel[axis],
        stride=shape.stride[axis],
        dilation=shape.dilation[axis],
        corner=shape.padding[axis],
    )


def backward_sweeps(shape: WindowShape, axis: int) -> list[Sweep]:
    """The gradient by the input as convolutions of the gradient by the output, one for each remainder.

    Input ``place + s t`` was read by output ``o`` through tap ``k`` where ``o s - p + k d`` is that input:
    every ``s / gcd(s, d)``-th tap has such an output, and one tap's lies ``d / gcd(s, d)`` before the last's
    (Dumoulin and Visin 2016, chapter 4). A remainder that no tap reaches has none; its gradient is 0.
    """
    s, p, d, k = shape.stride[axis], shape.padding[axis], shape.dilation[axis], shape.kernel[axis]
    common = gcd(s, d)
    found = []
    for place in range(s):
        taps = [tap for tap in range(k) if (place + p - tap * d) % s == 0]
        last = taps[-1] if taps else 0
        found.append(
            Sweep(
                place=place,
                by=s,
                places=max(0, -(-(shape.in_size[axis] - place) // s)),
                tap=last,
                tap_by=-(s // common),
                taps=len(taps),
                stride=1,
                dilation=d // common,
                corner=(last * d - place - p) // s,
            )
        )
    return found
