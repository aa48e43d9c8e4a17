import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from foveal.report import Chapter, figures, film_player, film_to_html, render_report, write_film
from foveal.report.html.blocks import Section


def film():
    return figures.animate_convolution(np.arange(9).reshape(3, 3), [[1, 0], [0, -1]])


@pytest.fixture(scope="module")
def player():
    return film_player(film(), "A <kernel>", seconds=0.5, caption="How it slides.")


def test_frames_are_pictures_of_one_size(player):
    assert player.captions == [f"step {i} of 4" for i in (1, 2, 3, 4)]
    assert len(set(player.frames)) == 4
    for frame in player.frames:
        head, content = player_parts(frame)
        assert head == "data:image/png;base64"
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (player.width, player.height)
            assert image.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_a_film_of_pyplot_is_left_as_it_was():
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    figure, axes = plt.subplots(figsize=(2, 1), dpi=50)
    canvas, line = figure.canvas, axes.plot([0, 1], [0, 1])[0]
    film = FuncAnimation(figure, lambda i: line.set_ydata([0, i]), frames=3)
    player = film_player(film, "")
    assert (player.width, player.height) == (200, 100)
    assert len(set(player.frames)) == 3
    assert figure.canvas is canvas
    assert figure.dpi == 50
    plt.close(figure)


def player_parts(uri):
    head, content = uri.split(",")
    return head, base64.b64decode(content)


def test_a_caption_for_every_frame():
    assert film_player(film(), "", "abcd").captions == list("abcd")
    with pytest.raises(ValueError, match="4 frames and 2 captions"):
        film_player(film(), "", ["a", "b"])


def test_a_piece_of_html_is_self_contained(player):
    html = film_to_html(player)
    assert html.count("<img ") == 4
    assert len(re.findall(r"<img [^>]* hidden>", html)) == 3
    assert "A &lt;kernel&gt;" in html
    assert 'data-seconds="0.5"' in html
    assert not re.search(r"(?:src|href)=\"(?!data:)", html)
    assert "http" not in html


def test_in_a_report(player):
    page = render_report("T", "", [Chapter("C", "K", "", [], [Section("S", "", [player])])])
    assert page.count("data:image/png") == 4
    assert "How it slides." in page


def test_files(tmp_path):
    write_film(film(), tmp_path / "film.gif", seconds=0.2)
    with Image.open(tmp_path / "film.gif") as gif:
        assert gif.n_frames == 4
        assert gif.info["duration"] == 200
    write_film(film(), tmp_path / "film.html")
    assert (tmp_path / "film.html").read_text("utf-8").count("<img ") == 4
    assert {file.name for file in tmp_path.iterdir()} == {"film.gif", "film.html"}


def test_what_cannot_be_written(tmp_path):
    made = film()
    with pytest.raises(ValueError, match=r"as \.gif or \.html, not as 'film\.mp4'"):
        write_film(made, tmp_path / "film.mp4")
    with pytest.raises(ValueError, match="seconds must be above 0"):
        write_film(made, tmp_path / "film.gif", seconds=0)
    # An animation that is never drawn complains when it is collected.
    write_film(made, tmp_path / "film.gif")
