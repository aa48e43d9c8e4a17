"""What every test may ask for."""

import base64
import errno
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

# How long an example takes tells of the machine, not of the code.
settings.register_profile("foveal", deadline=None)
settings.load_profile("foveal")

# Settings that make a small R-CNN in half a second.
SMALL = {
    "proposals": "single",
    "max_proposals": 200,
    "features": "hog-color",
    "features.size": 24,
    "features.grid": 2,
    "features.bins": 4,
}


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets that ``FOVEAL_TEST_DATA`` names."""
    named = os.environ.get("FOVEAL_TEST_DATA")
    if not named:
        pytest.skip("FOVEAL_TEST_DATA is not set: it names a folder of real data sets")
    folder = Path(named)
    if not folder.is_dir():
        pytest.skip(f"FOVEAL_TEST_DATA names {named}, which is not a folder")
    return folder


@pytest.fixture
def make_unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make files such that nobody may read them, not even root."""
    from foveal.files import regular

    closed: set[str] = set()
    check = regular.check_regular

    def refuse(status: os.stat_result, path: Any, *rest: Any) -> None:
        if os.fspath(path) in closed:
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        check(status, path, *rest)

    monkeypatch.setattr(regular, "check_regular", refuse)
    return lambda *paths: closed.update(map(str, paths))


@pytest.fixture(scope="session")
def small_settings() -> dict[str, Any]:
    """Settings of a run that make a small R-CNN."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def scene_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve small scenes to learn from and six held out, in COCO's format. Not to be changed."""
    from foveal.data import scenes

    return scenes.write_scenes(
        tmp_path_factory.mktemp("scenes") / "tiny",
        number=12,
        test=6,
        size=(120, 160),
        digits=(1, 3),
        heights=(24, 60),
        clutter=False,
    )


@pytest.fixture(scope="session")
def scene_run(scene_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished run of a small R-CNN on the scenes. Not to be changed."""
    from foveal.runs import train

    return train(scene_folder, model="rcnn", out=tmp_path_factory.mktemp("runs") / "scenes", settings=SMALL)


@pytest.fixture(scope="session")
def color_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy squares in a folder a class: red, green, and a name with signs of HTML and of markup."""
    root = tmp_path_factory.mktemp("colors") / "colors"
    rng = np.random.default_rng(0)
    for name, color in {"red": (200, 40, 40), "green": (40, 200, 40), "a<b> [bold]": (40, 40, 200)}.items():
        (root / name).mkdir(parents=True)
        for i in range(10):
            pixels = (np.array(color) + rng.integers(-40, 40, (16, 16, 3))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


@pytest.fixture(scope="session")
def color_run(color_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished run of an SVM on the colours. Not to be changed."""
    from foveal.runs import train

    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    return train(color_folder, model="svm", out=tmp_path_factory.mktemp("runs") / "colors", settings=settings)


@pytest.fixture(scope="session")
def boxed() -> Callable[..., Path]:
    """Write boxed pictures of noise in COCO's format: ``boxed(folder, parts, classes)``.

    ``parts`` maps ``train``, ``test`` to lists of pictures, each a list of objects
    ``(label, x1, y1, x2, y2, [crowd])``; the pictures are 60 by 50 pixels.
    """

    def write(folder: Path, parts: dict[str, list[list[Any]]], classes: Any = ("cat",)) -> Path:
        rng = np.random.default_rng(0)
        number = 0
        for part, pictures in parts.items():
            images, annotations = [], []
            for objects in pictures:
                number += 1
                path = folder / "images" / part / f"{number:03d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                pixels = rng.integers(0, 60, (50, 60, 3))
                for _, x1, y1, x2, y2, *_ in objects:
                    pixels[y1:y2, x1:x2] += 150
                Image.fromarray(pixels.astype(np.uint8)).save(path)
                images.append({"id": number, "file_name": path.name, "width": 60, "height": 50})
                for label, x1, y1, x2, y2, *crowd in objects:
                    w, h = x2 - x1, y2 - y1
                    annotations.append(
                        {
                            "id": len(annotations) + 1,
                            "image_id": number,
                            "category_id": label + 1,
                            "bbox": [x1, y1, w, h],
                            "area": w * h,
                            "iscrowd": int(bool(crowd and crowd[0])),
                        }
                    )
            (folder / "annotations").mkdir(exist_ok=True)
            content = {
                "images": images,
                "annotations": annotations,
                "categories": [{"id": i, "name": c} for i, c in enumerate(classes, 1)],
            }
            (folder / "annotations" / f"instances_{part}.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good pictures of odd kinds, and files that cannot be read."""
    import cv2

    root = tmp_path_factory.mktemp("hostile") / "files"
    (root / "below").mkdir(parents=True)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (40, 60, 4), dtype=np.uint8)
    Image.fromarray(noise[..., :3]).save(root / "good.jpg")
    Image.fromarray(noise[::-1, :, :3]).save(root / "below" / "good.PNG")
    Image.fromarray(noise, "CMYK").save(root / "cmyk.jpg")
    cv2.imwrite(str(root / "sixteen.png"), rng.integers(0, 65536, (40, 60, 3), dtype=np.uint16))
    Image.new("RGB", (1, 1), "red").save(root / "dot.png")
    Image.new("L", (1, 90)).save(root / "thin.png")
    Image.fromarray(noise[..., :3]).save(root / "a b#c=d [x] %20.jpg")
    (root / "text.jpg").write_text("not a picture")
    (root / "empty.png").touch()
    (root / "cut.jpg").write_bytes((root / "good.jpg").read_bytes()[:400])
    (root / "nowhere.jpg").symlink_to("gone.jpg")
    (root / "folder.jpg").mkdir()
    (root / "notes.txt").write_text("passed over")
    return root


_VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}


class _Page(HTMLParser):
    """Checks that tags are balanced, and gathers what the tests look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.broken = False
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        self.broken = tag == "wbr"

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.broken:  # A word that may be broken here is still one word.
            self.words[-1] += data
        else:
            self.words.append(data)
        self.broken = False

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def _check_page(text: str) -> _Page:
    page = _Page(text)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            if name in attrs:
                assert attrs[name].startswith(("data:image/jpeg;base64,", "data:image/png;base64,", "#")), (
                    tag,
                    attrs[name][:80],
                )
                if attrs[name].startswith("#"):
                    assert attrs[name][1:] in ids
        if tag == "img":
            assert attrs["alt"]
        if tag == "th":
            assert attrs["scope"] in ("col", "row")
        assert not any(name.startswith("on") for name in attrs)
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text
    assert "http://" not in text
    assert "https://" not in text
    _check_policy(text, page)
    return page


def _check_policy(text: str, page: _Page) -> None:
    """One script, which the policy names by its digest, and nothing else that may run or be asked for."""
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    (policy,) = [a for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    # Before anything that it is about.
    assert text.index("Content-Security-Policy") < min(text.index("<title"), text.index("<style"))
    allowed = dict(part.strip().split(" ", 1) for part in policy["content"].split(";"))
    assert allowed == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": "'unsafe-inline'",
        "script-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not any(tag == "form" for tag, _ in page.tags)


@pytest.fixture
def check_page() -> Callable[[str], Any]:
    """Checks what holds of every page; gives its tags and its text."""
    return _check_page


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; its status, standard output and standard error."""

    from foveal import cli

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return end.value.code or 0, out, err

    return call
