"""Figures as inline SVG, and images as data URIs: what makes the report one file."""

import base64
import io
import re
import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures import Figure
from foveal.report.figures.canvas import ACCENT, GRID, INK, MUTED, PAPER, SERIES
from foveal.wording import visible

# The page's variables in place of the colours that figures are drawn in.
_VARIABLES = {
    ACCENT: "var(--accent)",
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--card)",
    **{color: f"var(--series-{i})" for i, color in enumerate(SERIES, start=1)},
}
_COLOR = re.compile(rf"(?<=[:\s])(?:{'|'.join(_VARIABLES)})(?=[;\"\s])")
# Matplotlib escapes these signs in texts and attributes, so that there are none but those of tags.
_TAG = re.compile("<[^<>]*>")
# From so many characters on an embedded image may be a photograph.
_LARGE = 16_000
# Text as text is the one thing that matplotlib only takes from its global settings.
_settings_lock = threading.Lock()


def figure_to_svg(figure: Figure, prefix: str) -> str:
    """A figure as an ``<svg>`` element for the inside of a page.

    Its text stays text in the page's font, its colours follow the page's light or dark variables, and
    the same figure gives the same characters.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    prefix : str
        Letters, digits and hyphens that begin every id in the element; one page must not use one
        prefix twice.

    Returns
    -------
    str

    Examples
    --------
    >>> from foveal.report.figures import draw_timing
    >>> svg = figure_to_svg(draw_timing({"fit": 2.0}), "f1")
    >>> svg[:5], "http" in svg, "var(--series-1)" in svg
    ('<svg ', False, True)
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with _settings_lock, warnings.catch_warnings():
        # A glyph that matplotlib's font lacks is found by the browser in another one.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "foveal", "svg.image_inline": True}):
            figure.savefig(buffer, format="svg", transparent=True)
    # Of figures whose texts came by another way than new_figure's.
    svg = visible(buffer.getvalue(), lines=True)
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<style\b.*?</style>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    # The sizes in the head are in points, 72 to the inch; CSS has 96 pixels to the inch.
    width, height = figure.get_size_inches()
    head = (
        f'<svg class="chart" viewBox="0 0 {72 * width:g} {72 * height:g}" '
        f'style="width:{96 * width:.0f}px" aria-hidden="true" focusable="false">'
    )
    return _rename_ids(_TAG.sub(_for_a_page, head + svg[svg.index(">") + 1 :]), prefix)


def _for_a_page(tag: re.Match[str]) -> str:
    """A tag with the page's font and colours. What stands between tags may be anybody's words: it stays."""
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", tag[0])
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'href="data:image/png;base64,([^"]+)"', _as_jpeg_if_smaller, text)
    text = re.sub(r"(font: [^;\"]*?\d(?:px|pt))[^;\"]*", r"\1 var(--sans)", text)
    return _COLOR.sub(lambda match: _VARIABLES[match[0]], text)


def _as_jpeg_if_smaller(match: re.Match[str]) -> str:
    """Photographs, which matplotlib embeds without loss, as JPEG; what lets the page through stays."""
    if len(match[1]) < _LARGE:
        return match[0]
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGBA")
    pixels = np.asarray(image)
    # At the edges of its axes an image's last pixels may be half covered.
    if (pixels[..., 3] == 255).mean() < 0.97:
        return match[0]
    uri = image_to_data_uri(pixels[..., :3], quality=88, most_bytes=150_000)
    return f'href="{uri if len(uri) < len(match[1]) else match[0][6:-1]}"'


def _rename_ids(svg: str, prefix: str) -> str:
    """Number the ids that are referred to, in the order they appear, and drop all others."""
    tags = "".join(_TAG.findall(svg))
    used = set(re.findall(r'href="#([^"]+)"', tags)) | set(re.findall(r"url\(#([^)]+)\)", tags))
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        if match[1] not in used:
            return ""
        return f' id="{names.setdefault(match[1], f"{prefix}-{len(names)}")}"'

    def refer(tag: re.Match[str]) -> str:
        text = re.sub(r'href="#([^"]+)"', lambda m: f'href="#{names.get(m[1], m[1])}"', tag[0])
        return re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names.get(m[1], m[1])})", text)

    svg = _TAG.sub(lambda tag: re.sub(r'\s+id="([^"]+)"', rename, tag[0]), svg)
    return _TAG.sub(refer, svg)


def image_to_data_uri(image: NDArray[Any], *, quality: int = 80, most_bytes: int = 72_000) -> str:
    """An RGB image as a JPEG data URI.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    quality : int
        JPEG's, from 1 to 95.
    most_bytes : int
        Where the file is larger the quality is lowered in steps of 10, to 40 at the least.

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> image_to_data_uri(np.zeros((8, 8, 3), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    from PIL import Image

    while True:
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(image)).save(buffer, "JPEG", quality=quality, optimize=True)
        content = buffer.getvalue()
        if len(content) <= most_bytes or quality <= 40:
            return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")
        quality -= 10
