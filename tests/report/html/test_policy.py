"""Every kind of page in a browser: its own script runs and no other, and nothing is asked for."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from foveal.proposals import SelectiveSearch
from foveal.report import (
    Headline,
    NetworkLook,
    SearchRecord,
    classification_chapter,
    detection_chapter,
    explanation_section,
    figures,
    render_report,
    search_chapter,
    trace_chapter,
    write_classification_report,
    write_detection_report,
    write_explanation_page,
    write_film,
    write_report,
    write_search_page,
    write_trace_page,
)

# What a stranger may call a class or a file.
NAMES = (
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=1</script>",
    "</title></style><svg onload='window.ran=1'>",
    '" onmouseover=window.ran=1 x="\'',
    "{{ 7 * 7 }} &lt;b&gt; javascript:window.ran=1",
    "font: 9px 'x",
    ' id="chart-1-0" href="#" #0072b2 ',
    "$x^2$ $\\frac$ [bold]",
    "\x1b[31m\x07\u202e\u2028\x00",
    "caf\udce9 猫 \ud800",
    "--> ]]> <!--",
)
FILE = NAMES[0] + NAMES[5] + "\x1b\u202e\udce9"


@pytest.fixture(scope="module")
def make_page(tmp_path_factory, made_up):
    """Give a page of a kind, all names in which are a stranger's."""
    folder = tmp_path_factory.mktemp("pages")
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    image[10:30, 10:40] = 200

    def detection():
        test = made_up.dataset(folder / "boxes", NAMES, 12, named=FILE)
        return made_up.detection(folder, classes=NAMES, test=test, title=NAMES[0], model=NAMES[1])

    def classification():
        test = made_up.dataset(folder / "labels", NAMES, 12, task="classification", named=FILE)
        return made_up.classification(folder, classes=NAMES, test=test, title=NAMES[0], model=NAMES[1])

    def search():
        objects = np.float32([[10, 10, 40, 30]] * len(NAMES))
        proposals = SelectiveSearch("single").propose(image)
        return search_chapter(
            SearchRecord(FILE, image, proposals, "single", objects=objects, object_names=NAMES)
        )

    @cache
    def make(kind: str) -> Path:
        path = folder / f"{kind}.html"
        unreadable = {FILE: f"{FILE} cannot be read: {NAMES[1]}"}
        if kind == "detection":
            write_detection_report(path, detection())
        elif kind == "classification":
            write_classification_report(path, classification())
        elif kind == "demo":
            chapters = [detection_chapter(detection()), classification_chapter(classification())]
            write_report(path, NAMES[1], NAMES[2], chapters, [Headline(NAMES[0], NAMES[1], NAMES[2])] * 2)
        elif kind == "search":
            write_search_page(path, [search()], NAMES[1], unreadable=unreadable)
        elif kind == "trace":
            chapters = [
                trace_chapter(FILE, made_up.steps(pair), NAMES[1]) for pair in (NAMES[:2], NAMES[5:7])
            ]
            write_trace_page(path, chapters, NAMES[1], images=2, unreadable=unreadable)
        elif kind == "explanation":
            maps = {"Grad-CAM": np.eye(4), "occlusion": np.eye(4) - 0.5}
            look = NetworkLook(FILE, image, np.zeros((2, 3, 3, 3)), {NAMES[2]: np.ones((4, 4, 2))})
            chances = {name: 1 / len(NAMES) for name in NAMES}
            sections = [explanation_section(FILE, image, chances, NAMES[1], maps, look)]
            write_explanation_page(path, NAMES[0], NAMES[1], sections, answers=1, unreadable=unreadable)
        else:
            path = folder / f"{FILE}.html"
            write_film(figures.animate_convolution(np.eye(3), [[1, -1]]), path)
        return path

    return make


KINDS = ["detection", "classification", "demo", "search", "trace", "explanation", "film"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_strangers_names_are_words(make_page, check_page, kind):
    text = make_page(kind).read_text(encoding="utf-8")
    page = check_page(text)
    assert "window.ran=1" in page.text
    # What would not be seen is told by its number.
    assert r"\x1b" in page.text
    assert not set("\x1b\x07\x00\u202e\u2028") & set(text)
    # No tag but those of the templates and of figures.
    scripted = [tag for tag, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert scripted == []
    assert not any(tag == "img" and attrs["src"] == "x" for tag, attrs in page.tags)


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_browser(browser, make_page, kind):
    page = make_page(kind)
    browser.open(page)
    assert browser.complaints == []
    assert browser.requests == [page.absolute().as_uri()]
    assert browser.run("typeof window.ran") == "undefined"
    assert browser.run("document.scripts.length") == 1
    if kind != "film":
        _try_report(browser)
    if browser.run("!!document.querySelector('.player')"):
        _try_player(browser)
    assert browser.complaints == []
    assert browser.run("typeof window.ran") == "undefined"


def _try_report(browser):
    """The theme, the enlarged pictures, the contents."""
    theme = "document.documentElement.dataset.theme"
    before = browser.run("getComputedStyle(document.body).backgroundColor")
    browser.run("document.getElementById('theme').click()")
    assert browser.run(theme) == "dark"
    assert browser.run("document.getElementById('theme').textContent") == "Light"
    assert browser.run("getComputedStyle(document.body).backgroundColor") != before
    browser.run("document.getElementById('theme').click()")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == before
    pictures = browser.run("document.querySelectorAll('button.frame').length")
    assert pictures
    browser.run("document.querySelector('button.frame').click()")
    assert browser.run("document.getElementById('large').open")
    shown = browser.run("document.querySelector('#large .told').textContent")
    assert shown == browser.run("document.querySelector('.picture figcaption').textContent.trim()")
    assert browser.run("document.querySelector('#large img').src.startsWith('data:image')")
    browser.run("document.querySelector('#large button').click()")
    assert not browser.run("document.getElementById('large').open")
    browser.run("document.querySelector('section').scrollIntoView()")
    browser.wait("document.querySelectorAll('nav .here').length === 1")


def _try_player(browser):
    """Its buttons, which are there only where scripts run."""
    assert not browser.run("document.querySelector('.controls').hidden")
    browser.run("document.querySelector('.controls [data-do=on]').click()")
    last = browser.run("document.querySelector('.controls input').value")
    browser.run("document.querySelector('.controls [data-do=back]').click()")
    assert int(browser.run("document.querySelector('.controls input').value")) == int(last) - 1
    assert browser.run("document.querySelectorAll('.player .screen img:not([hidden])').length") == 1


def test_what_gets_into_a_page_does_not_run(browser, tmp_path):
    """The policy holds where everything else has failed, and the browser of these tests tells of it."""
    text = render_report("T", "", [])
    inside = (
        "<script>window.ran=1</script><img src=x onerror=window.ran=1><base href=//a.example>"
        "<iframe src=data:text/html,x></iframe><a id=go href='javascript:window.ran=1'>go</a>"
        "<form id=form action=http://127.0.0.1:9/><input name=a></form>"
    )
    page = tmp_path / "page.html"
    page.write_text(text.replace("<footer>", f"{inside}<footer>"), encoding="utf-8")
    browser.open(page)
    browser.run("document.getElementById('go').click()")
    browser.run("document.getElementById('form').submit()")
    for word in ("script-src", "img-src", "base-uri", "form-action", "default-src"):
        browser.wait("true", told=word)
    assert browser.run("typeof window.ran") == "undefined"
