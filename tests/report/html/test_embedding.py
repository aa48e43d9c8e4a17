"""SVG for the inside of a page."""

import re
import xml.etree.ElementTree as ET

import numpy as np

from foveal.report.figures import draw_confusion, draw_losses, draw_timing
from foveal.report.html.embedding import figure_to_svg, image_to_data_uri


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
