"""What a report is made of: chapters of sections of blocks. The templates say how each looks."""

from collections.abc import Sequence
from dataclasses import dataclass

from foveal.report.figures import Figure
from foveal.report.html.annotated_images import AnnotatedImage
from foveal.report.records import Alarm


@dataclass(frozen=True)
class Headline:
    """One large number.

    Attributes
    ----------
    value : str
        As it is shown: ``"0.71"``.
    name : str
        What it is: ``"AP50"``.
    meaning : str
        What that means, in a few words.
    """

    value: str
    name: str
    meaning: str = ""


class _Block:
    """What stands in a section; each kind has a place of its own in ``block.html``."""

    @property
    def template(self) -> str:
        """Which place that is."""
        return type(self).__name__.lower()


@dataclass(frozen=True)
class Note(_Block):
    """A paragraph.

    Attributes
    ----------
    text : str
    kind : {"plain", "warning"}
    """

    text: str
    kind: str = "plain"


@dataclass(frozen=True, eq=False)
class Chart(_Block):
    """A figure on a card.

    Attributes
    ----------
    title : str
    figure : matplotlib.figure.Figure
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        How to read it.
    """

    title: str
    figure: Figure
    alt: str
    caption: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width of the page."""
        return bool(self.figure.get_figwidth() > 5)


@dataclass(frozen=True)
class Table(_Block):
    """Rows and columns.

    Attributes
    ----------
    title : str
    columns : sequence of str
    rows : sequence of sequences of str
        The first cell of each row is its heading.
    words : sequence of int
        The columns that hold words and are set to the left, besides the first; all others are
        numbers and are set to the right.
    wide : bool
        Whether it needs the whole width of the page.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: Sequence[int] = ()
    wide: bool = True


@dataclass(frozen=True)
class Images(_Block):
    """Images side by side.

    Attributes
    ----------
    title : str
    images : sequence of AnnotatedImage
    caption : str
    """

    title: str
    images: Sequence[AnnotatedImage]
    caption: str = ""


@dataclass(frozen=True)
class Fold(_Block):
    """Blocks that are hidden until they are asked for.

    Attributes
    ----------
    title : str
    blocks : sequence of Block
    """

    title: str
    blocks: "Sequence[Block]"


@dataclass(frozen=True)
class Player(_Block):
    """A film that a reader can play, stop and step through; without scripts one of its frames is seen.

    :func:`foveal.report.film_player` makes one of an animation, :func:`foveal.report.film_to_html` a piece of
    a page of it.

    Attributes
    ----------
    title : str
    frames : sequence of str
        Data URIs of images of one size.
    captions : sequence of str
        What each frame shows.
    width, height : int
        Of a frame, in pixels.
    start : int
        The frame that is seen first.
    seconds : float
        How long a frame is seen while the film plays.
    caption : str
        How to read it.
    """

    title: str
    frames: Sequence[str]
    captions: Sequence[str]
    width: int
    height: int
    start: int = 0
    seconds: float = 0.35
    caption: str = ""


Block = Note | Chart | Table | Images | Player | Fold


@dataclass(frozen=True)
class Section:
    """A part of a chapter.

    Attributes
    ----------
    title : str
    text : str
        One sentence that says what is seen here.
    blocks : sequence of Block
    """

    title: str
    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Chapter:
    """One model's story.

    Attributes
    ----------
    title : str
    kind : str
        What the model is, in few words: ``"Detector, rcnn"``.
    text : str
        A sentence or two that sum it up.
    headlines : sequence of Headline
    sections : sequence of Section
    alarms : sequence of Alarm
        What is wrong, told before anything else.
    """

    title: str
    kind: str
    text: str
    headlines: Sequence[Headline] = ()
    sections: Sequence[Section] = ()
    alarms: Sequence[Alarm] = ()
