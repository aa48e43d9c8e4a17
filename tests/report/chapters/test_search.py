"""The page of selective search: every section, for every kind of picture, without a request."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from foveal.proposals import Proposals, SelectiveSearch
from foveal.report import SearchRecord, merging_frames, merging_numbers, render_report, search_chapter

SECTIONS = ["First segmentations", "Merging", "Similarity", "The best proposals", "Strategies"]


def picture(height=60, width=80):
    image = np.random.default_rng(0).integers(0, 60, (height, width, 3), dtype=np.uint8)
    image[height // 4 : height // 2, width // 4 : width // 2] += 150
    image[height // 2 :, width // 3 :, 2] += 120
    return image


@pytest.fixture
def page_of(check_page):
    """The chapter of a picture, and the checked page that it makes."""

    def make(image, mode="fast", **more):
        return _page_of(check_page, image, mode, **more)

    return make


def _page_of(check, image, mode, **more):
    record = SearchRecord("a b#c <i>.png", image, SelectiveSearch(mode).propose(image), mode, **more)
    chapter = search_chapter(record)
    return chapter, check(render_report("Search", "", [chapter]))


def test_every_section(page_of):
    objects = np.array([[20, 15, 40, 30], [0, 50, 9, 60]], np.float32)
    chapter, page = page_of(picture(), objects=objects, object_names=["<b>cat</b>", "dog (difficult)"])
    assert [s.title for s in chapter.sections] == [*SECTIONS[:4], "Objects", SECTIONS[4]]
    for words in (
        "a b#c <i>.png", "The merging, step by step", "Near copies", "<b>cat</b>", "dog (difficult)",
        "hsv, k = 50, CTSF", "joinings as a tree", "80 × 60 pixels", "Felzenszwalb & Huttenlocher 2004",
    ):  # fmt: skip
        assert words in page.text
    assert page.text.count("k = 100") >= 2
    films = [a for t, a in page.tags if t == "figure" and "player" in a.get("class", "")]
    assert len(films) == 1


def test_objects_are_told_as_they_are_covered(page_of):
    image = np.zeros((60, 80, 3), np.uint8)
    image[20:40, 30:60] = (250, 200, 0)
    objects = np.array([[30, 20, 60, 40], [0, 0, 80, 60], [31, 0, 32, 1]], np.float32)
    chapter, _ = page_of(image, "single", objects=objects, object_names=["box", "all", "speck"])
    section = next(s for s in chapter.sections if s.title == "Objects")
    table = section.blocks[-1]
    assert table.rows[0][:2] == ["box", "1.00"]
    assert table.rows[1][:5] == ["all", "1.00", "1", "1", "1"]
    assert table.rows[2][3:5] == ["–", "–"]
    assert "2 of 3 objects are covered at an IoU of 0.5, 2 at 0.7" in section.blocks[0].text
    assert section.blocks[1].images[0].outlines[0].look == "right"


def test_no_objects(page_of):
    chapter, page = page_of(picture(), "single", objects=np.zeros((0, 4), np.float32))
    assert "knows of no object" in page.text
    chapter, _ = page_of(picture(), "single")
    assert [s.title for s in chapter.sections] == SECTIONS


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 900), (30, 40)])
def test_one_region(shape, page_of):
    image = np.full((*shape, 3), 90, np.uint8)
    objects = np.array([[0, 0, shape[1], shape[0]]], np.float32)
    chapter, page = page_of(image, objects=objects, object_names=["it"])
    assert page.text.count("nothing is joined") == 2
    assert chapter.sections[4].blocks[-1].rows[0][1] == "1.00"
    assert chapter.headlines[0].value == "1"


def test_many_segmentations_are_not_all_shown(page_of):
    chapter, page = page_of(picture(), "quality")
    assert "The first 8 of 20 segmentations are shown" in page.text
    assert len(chapter.sections[0].blocks[0].images) == 9
    assert len(chapter.sections[-1].blocks[0].blocks[0].rows) == 80
    assert "all 80 strategies" in page.text


def test_strategies_add_up():
    image = picture()
    proposals = SelectiveSearch("fast").propose(image)
    rows = search_chapter(SearchRecord("x", image, proposals)).sections[-1].blocks[0].rows
    assert sum(int(row[6].replace(",", "")) for row in rows) == len(proposals)
    assert int(rows[-1][7].replace(",", "")) == len(proposals)


def test_the_film_begins_with_every_region_and_ends_with_one(page_of):
    image = picture()
    chapter, page = page_of(image)
    film = chapter.sections[1].blocks[1]
    tree = SelectiveSearch("fast").propose(image).hierarchy[0]
    assert film.captions[0] == f"{tree.number} regions"
    assert film.captions[-1].startswith("1 region; the last joining at similarity 0.")
    assert film.start == 0
    sizes = {Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).size for uri in film.frames}
    assert sizes == {(film.width, film.height)}
    shown = [a for t, a in page.tags if t == "img" and a["alt"] in film.captions and "hidden" not in a]
    assert [a["alt"] for a in shown] == [film.captions[film.start]]


def test_the_same_bytes(page_of):
    assert page_of(picture())[0].sections[1].blocks[1] == page_of(picture())[0].sections[1].blocks[1]
    record = SearchRecord("x", picture(), SelectiveSearch("single").propose(picture()))
    first, second = (render_report("T", "", [search_chapter(record)]) for _ in range(2))
    assert first == second


def test_what_cannot_be_explained():
    image = picture()
    with pytest.raises(ValueError, match="no hierarchy"):
        SearchRecord("x", image, Proposals(np.zeros((0, 4), np.float32), np.zeros(0, np.float32)))
    with pytest.raises(ValueError, match="1 objects but 0 names"):
        SearchRecord(
            "x", image, SelectiveSearch("single").propose(image), objects=np.zeros((1, 4), np.float32)
        )


@pytest.mark.parametrize("regions", [1, 2, 3, 43, 44, 45, 60, 1000, 20_000])
@pytest.mark.parametrize("frames", [2, 3, 8, 44])
def test_numbers_fall_from_all_to_one(regions, frames):
    numbers = merging_numbers(regions, frames)
    assert numbers[0] == regions
    assert numbers[-1] == 1
    assert (np.diff(numbers) < 0).all()
    assert len(numbers) <= frames


def test_frames():
    image = picture(300, 400)
    tree = SelectiveSearch("single").propose(image).hierarchy[0]
    frames = merging_frames(image, tree, [tree.number, 2, 1], longest=100, mark=False)
    assert [f.shape for f in frames] == [(75, 100, 3)] * 3
    assert len(np.unique(frames[2].reshape(-1, 3), axis=0)) == 1
    marked = merging_frames(image, tree, [tree.number, 2], longest=100)
    np.testing.assert_array_equal(marked[0], frames[0])
    assert (marked[1] != frames[1]).any()
    with pytest.raises(ValueError, match="at least 1"):
        merging_numbers(0)
