"""SVG for the inside of a page."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from foveal.report.figures import draw_confusion, draw_losses, draw_timing
from foveal.report.figures.axes import name_axes, new_axes
from foveal.report.figures.canvas import new_figure
from foveal.report.html.embedding import figure_to_svg, image_to_data_uri
from foveal.wording import visible


def test_ids_are_numbered_under_the_prefix_and_refer_to_each_other():
    curves = {"a": ([0, 1, 2], [1.0, 0.5, 0.2])}
    svg = figure_to_svg(draw_losses(curves), "one")
    ids = re.findall(r'\bid="([^"]+)"', svg)
    used = re.findall(r'href="#([^"]+)"', svg) + re.findall(r"url\(#([^)]+)\)", svg)
    assert ids
    assert all(name.startswith("one-") for name in ids)
    assert set(used) == set(ids)
    assert len(ids) == len(set(ids))


def test_svg_is_well_formed_and_escaped():
    svg = figure_to_svg(draw_timing({"a <b> & 'c'": 1.0}), "x")
    words = " ".join(ET.fromstring(svg).itertext())
    assert "a <b> & 'c'" in words


def test_colours_follow_the_page():
    svg = figure_to_svg(draw_confusion([[3, 1], [0, 2]], ["a", "b"]), "x")
    assert "var(--accent)" in svg
    assert "var(--ink)" in svg
    assert not re.search(r"(fill|stroke): #(?!000000)", svg)


def test_same_figure_same_characters():
    first, second = (figure_to_svg(draw_timing({"fit": 2.0}), "x") for _ in range(2))
    assert first == second


def test_settings_are_left_as_they_were():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure_to_svg(draw_timing({"fit": 2.0}), "x")
    assert dict(mpl.rcParams) == before


def test_noise_is_saved_smaller():
    noise = np.random.default_rng(0).integers(0, 255, (480, 480, 3)).astype(np.uint8)
    free = image_to_data_uri(noise, most_bytes=10**9)
    held = image_to_data_uri(noise, most_bytes=100_000)
    assert len(held) < len(free)


@pytest.mark.parametrize("name", [
    "font: 9px 'x", " id=\"a\" href=\"#b\" ", "url(#c) #0072b2 ", " xmlns=\"x\"", "xlink:href=", "<b>&amp;",
    "--> ]]>",    "$x^2$ $\\frac$ \\alpha", "<metadata></metadata>", "stroke: #0072b2; ",
])  # fmt: skip
def test_words_are_no_tags(name):
    """Whatever a class is called: the figure is as it would be with another name, and the name stays."""

    def drawn(title):
        figure = new_figure()
        name_axes(new_axes(figure), "x", "y", title)
        return figure_to_svg(figure, "p")

    svg, plain = drawn(name), drawn("plain")
    texts = [text.text for text in ET.fromstring(svg).iter("text")]
    assert name.strip() in [text.strip() for text in texts]
    tags = re.compile("<[a-z]+")
    assert tags.findall(svg) == tags.findall(plain)
    assert svg.count("var(--") == plain.count("var(--")


@pytest.mark.parametrize("name", ["\x1b[31m", "caf\udce9", "a\u202eb", "\x00\ufffe", "a\u2028b"])
def test_what_no_font_has_is_drawn_as_its_number(name):
    """By its own canvas as well as in a page."""
    figure = new_figure()
    name_axes(new_axes(figure), title=f"{name}\nbelow")
    words = [text.text for text in ET.fromstring(figure_to_svg(figure, "p")).iter("text")]
    assert visible(name) in words
    assert "below" in words
    figure = new_figure()
    name_axes(new_axes(figure), title=name)
    figure.savefig(io.BytesIO(), format="png")


def test_a_figure_that_is_made_otherwise():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.suptitle("\x1b[31mred")
    assert r"\x1b[31mred" in [text.text for text in ET.fromstring(figure_to_svg(figure, "p")).iter("text")]
