"""Animations as files: a GIF, or a page with buttons to go step by step."""

import base64
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from foveal.files import write_bytes, write_text
from foveal.report.html.blocks import Player
from foveal.report.html.page import render_template

if TYPE_CHECKING:
    from matplotlib.animation import Animation

_DPI = 100


def film_player(
    film: "Animation", title: str, captions: Sequence[str] = (), *, caption: str = "", seconds: float = 0.35
) -> Player:
    """An animation as a block of a report's section.

    Parameters
    ----------
    film : matplotlib.animation.Animation
        Such as :func:`foveal.report.figures.animate_convolution` makes.
    title : str
    captions : sequence of str, optional
        What each frame shows; by default ``step 1 of 9`` and so on.
    caption : str
        How to read it.
    seconds : float, default=0.35
        How long a frame is seen.

    Returns
    -------
    foveal.report.Player

    Raises
    ------
    ValueError
        If there are captions, but not one for each frame.
    """
    frames = []
    for image in (images := _images(film)):
        buffer = io.BytesIO()
        image.quantize(96).save(buffer, "PNG", optimize=True)
        frames.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"))
    captions = list(captions) or [f"step {i} of {len(frames)}" for i in range(1, len(frames) + 1)]
    if len(captions) != len(frames):
        raise ValueError(f"There are {len(frames)} frames and {len(captions)} captions.")
    # Without scripts the last frame is seen, where nothing is missing.
    width, height = images[-1].size
    return Player(title, frames, captions, width, height, len(frames) - 1, seconds, caption)


def film_to_html(player: Player) -> str:
    """A film as a piece of HTML for any page, with buttons to play it and to go step by step.

    Parameters
    ----------
    player : foveal.report.Player
        Of :func:`film_player`.

    Returns
    -------
    str
        A ``<figure>`` with its style and its script. It asks nothing of the network, and one page may hold
        several.
    """
    return render_template("film.html", block=player)


def write_film(film: "Animation", path: str | os.PathLike[str], *, seconds: float = 0.35) -> None:
    """Write an animation as a GIF or as a page that needs no other file and no network.

    Parameters
    ----------
    film : matplotlib.animation.Animation
    path : path-like
        Ends in ``.gif`` or ``.html``; an existing file is replaced. It is written whole or not at all.
    seconds : float, default=0.35
        How long a frame is seen.

    Raises
    ------
    ValueError
        If the path ends otherwise, or seconds are not above 0.

    Examples
    --------
    >>> import tempfile
    >>> from foveal.report.figures import animate_convolution
    >>> file = Path(tempfile.mkdtemp()) / "film.html"
    >>> write_film(animate_convolution([[1, 2], [3, 4]], [[1, -1]]), file)
    >>> file.read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    file = Path(path)
    if not seconds > 0:
        raise ValueError(f"seconds must be above 0, not {seconds}.")
    if file.suffix.lower() == ".gif":
        write_bytes(file, _gif(film, seconds))
    elif file.suffix.lower() in (".html", ".htm"):
        player = film_player(film, "", seconds=seconds)
        write_text(file, render_template("film_page.html", block=player, title=file.stem))
    else:
        raise ValueError(f"A film is written as .gif or .html, not as {file.name!r}.")


def _gif(film: "Animation", seconds: float) -> bytes:
    images = _images(film)
    # One palette for all frames: colours do not flicker.
    palette = images[-1].quantize(128)
    frames = [image.quantize(palette=palette, dither=0) for image in images]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[round(1000 * seconds)] * (len(frames) - 1) + [round(1000 * max(seconds, 1.5))],
        loop=0,
        optimize=True,
    )
    return buffer.getvalue()


def _images(film: "Animation") -> list[Any]:
    """The frames as Pillow images, drawn once each."""
    from matplotlib.animation import AbstractMovieWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    images: list[Any] = []

    class Collector(AbstractMovieWriter):
        def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
            # This canvas draws at once when the film asks for the next frame, and only once.
            self.before = fig.canvas, fig.dpi
            fig.set_dpi(_DPI)
            FigureCanvasAgg(fig)
            super().setup(fig, outfile, _DPI)

        def grab_frame(self, **savefig_kwargs: Any) -> None:
            drawn = Image.fromarray(np.array(self.fig.canvas.buffer_rgba()))  # type: ignore[attr-defined]
            paper = Image.new("RGBA", drawn.size, "white")
            images.append(Image.alpha_composite(paper, drawn).convert("RGB"))

        def finish(self) -> None:
            canvas, dpi = self.before
            self.fig.set_canvas(canvas)
            self.fig.set_dpi(dpi)

    film.save(os.devnull, writer=Collector(), dpi=_DPI)
    return images
