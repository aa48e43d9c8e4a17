"""Pages about images at hand: what they tell, of one image or several, and of files that cannot be read."""

import numpy as np
import pytest

from foveal.report import (
    Chapter,
    NetworkLook,
    explanation_section,
    write_explanation_page,
    write_search_page,
    write_trace_page,
)

IMAGE = np.random.default_rng(0).integers(0, 255, (32, 48, 3)).astype(np.uint8)
CHAPTERS = [Chapter(f"{name}.png", "A kind", f"The text of {name}.") for name in "ab"]


def test_search_page_of_one_image_has_its_head(tmp_path, check_page):
    write_search_page(tmp_path / "one.html", CHAPTERS[:1], "fast", more=1, unreadable={"c": "It is cut off."})
    page = check_page((tmp_path / "one.html").read_text(encoding="utf-8"))
    lead = "The text of a. 1 more file was given, not shown here. 1 file could not be read: It is cut off."
    assert lead in page.text
    assert "Selective search, step by step" not in page.text


def test_search_page_of_several_images(tmp_path, check_page):
    write_search_page(tmp_path / "two.html", CHAPTERS, "fast")
    page = check_page((tmp_path / "two.html").read_text(encoding="utf-8"))
    assert "Selective search, step by step" in page.text
    assert "in 2 pictures, from the first segmentation to the last proposal, in the mode fast." in page.text


@pytest.mark.parametrize("proposes", [False, True])
def test_trace_page(tmp_path, check_page, proposes):
    what = "proposals" if proposes else "detections"
    write_trace_page(tmp_path / "page.html", CHAPTERS, "rpn", images=2, more=2, proposes=proposes)
    page = check_page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert f"From pictures to {what}" in page.text
    assert f"How rpn came to its {what} in 2 pictures. 2 more pictures are not followed here;" in page.text


def test_trace_page_of_one_image_with_two_chapters(tmp_path, check_page):
    write_trace_page(tmp_path / "page.html", CHAPTERS, "rcnn", images=1)
    page = check_page((tmp_path / "page.html").read_text(encoding="utf-8"))
    # Its two chapters are called by its name, and so are not the page.
    assert "From a picture to detections" in page.text
    assert "How rcnn came to its detections in 1 picture." in page.text


def test_explanation_of_an_answer():
    maps = {"Grad-CAM": np.zeros((4, 6)), "occlusion": np.full((4, 6), -0.25)}
    look = NetworkLook("a.png", IMAGE, np.zeros((2, 3, 3, 3)), {})
    section = explanation_section("a.png", IMAGE, {"cat": 0.75, "dog": 0.25}, "dog", maps, look)
    said = "It is said to be cat, with a probability of 0.75; the maps are about dog, which has 0.25."
    assert section.text == said
    shown, table, network = section.blocks
    assert [image.name for image in shown.images] == ["a.png", "Grad-CAM", "occlusion"]
    assert "by up to 0.25. Grad-CAM is empty" in shown.caption
    assert table.blocks[0].rows == [["cat", "0.7500"], ["dog", "0.2500"]]
    assert network.title == "The 2 filters of the first convolution"


def test_explanation_page(tmp_path, check_page):
    maps = {"occlusion": np.full((4, 6), 0.5)}
    sections = [explanation_section("a.png", IMAGE, {"cat": 0.75, "dog": 0.25}, "cat", maps)]
    path = tmp_path / "page.html"
    write_explanation_page(path, "SVMClassifier", "svm", sections, answers=2, unreadable={"b": "No image."})
    page = check_page(path.read_text(encoding="utf-8"))
    for words in ("Why SVMClassifier answered as it did, for 2 pictures.", "Image classifier · svm",
                  "Only the first picture is shown here", "1 file could not be read: No image."):  # fmt: skip
        assert words in page.text
    assert "Grad-CAM" not in page.text
