import numpy as np
import pytest
from PIL import Image

from foveal.models import LogisticClassifier, MLPClassifier, SVMClassifier, TransferClassifier
from foveal.models.given_images import as_given


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twelve dark and twelve bright images of 16 by 16 pixels."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for i in range(24):
        pixels = rng.integers(0, 90, (16, 16, 3)) + 150 * (i % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:02d}.png")
    return [str(path) for path in sorted(folder.iterdir())]


LABELS = ["dark", "bright"] * 12


def made(kind):
    if kind is LogisticClassifier:
        return kind(features="pixels", learning_rates=(0.1,))
    if kind is SVMClassifier:
        return kind(features="pixels", linear_C=(1.0,), rbf_C=())
    return kind(epochs=2) if kind is MLPClassifier else kind()


@pytest.fixture(scope="module", params=[LogisticClassifier, SVMClassifier, MLPClassifier, TransferClassifier])
def fitted(request, files):
    return made(request.param).fit(files, LABELS)


def test_what_means_the_same_gets_the_same_answer(fitted, files):
    known = fitted.predict(files)
    arrays = [np.asarray(Image.open(file)) for file in files]
    column = np.array(files, object)[:, None]
    for X in (np.array(files), column, column.astype(str), tuple(files), arrays, np.stack(arrays)):
        np.testing.assert_array_equal(fitted.predict(X), known)
    pictures = [Image.open(file) for file in files]
    np.testing.assert_array_equal(fitted.predict(pictures), known)
    assert fitted.predict(files[0]).tolist() == known[:1].tolist()
    assert fitted.score(pictures, LABELS) == fitted.score(files, LABELS)


def test_tables_of_paths(fitted, files):
    pandas = pytest.importorskip("pandas")
    known = fitted.predict(files)
    table = pandas.DataFrame({"path": files, "label": LABELS})
    for X in (table["path"], table[["path"]]):
        np.testing.assert_array_equal(fitted.predict(X), known)
    again = made(type(fitted)).fit(table["path"], table["label"])
    np.testing.assert_array_equal(again.predict(files), known)


def test_floats_from_0_to_1_where_the_training_had_0_to_255(fitted, files):
    images = np.stack([np.asarray(Image.open(file)) for file in files])
    np.testing.assert_array_equal(fitted.predict(images.astype(np.float32)), fitted.predict(files))
    for X in (images / 255.0, [image / 255.0 for image in images]):
        with pytest.raises(ValueError, match="from 0 to 1, and those of the training were from 0 to 255"):
            fitted.predict(X)
    # Black is black in either range.
    fitted.predict(np.zeros((1, 16, 16, 3)))


@pytest.mark.parametrize(("X", "words"), [
    ([], "an empty list"), ([1, 2], "a list with an int in it"), ({"a": 1}, "a dict"), (None, "None"),
])  # fmt: skip
def test_what_x_may_be_is_told(fitted, X, words):
    with pytest.raises(ValueError, match=f"a list of paths, of arrays .* got {words}"):
        fitted.predict(X)


def test_pictures_are_upright_rgb(tmp_path):
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    exif = Image.Exif()
    exif[274] = 6
    image.save(tmp_path / "a.png", exif=exif)
    (pixels,) = as_given([Image.open(tmp_path / "a.png")])
    assert pixels.shape == (4, 2, 3)
    (grey,) = as_given([image.convert("L")])
    assert grey.shape == (2, 4, 3)


def test_rows_stay_as_they_are():
    rows = np.zeros((5, 1))
    assert as_given(rows) is rows
    empty = np.zeros((0, 1), object)
    assert as_given(empty) is empty


@pytest.mark.parametrize("missing", [float("nan"), None])
def test_missing_labels_are_no_class(files, missing):
    with pytest.raises(ValueError, match="1 of the 24 labels are missing"):
        made(SVMClassifier).fit(files, [*LABELS[:-1], missing])


def test_what_x_cannot_be_is_told(files):
    model = made(SVMClassifier)
    with pytest.raises(ValueError, match="can be read but once: give a list"):
        model.fit((file for file in files), LABELS)
    with pytest.raises(ValueError, match="nothing to learn from"):
        model.fit([], [])
    with pytest.raises(ValueError, match="has nan in place 23"):
        model.fit([*files[:-1], float("nan")], LABELS)
    with pytest.raises(ValueError, match="has nan in place 0"):
        model.fit([float("nan"), *files[1:]], LABELS)


def test_a_table_with_paths_among_its_columns(files):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"file": files, "class": LABELS})
    with pytest.raises(ValueError, match="X has 2 columns, of which 'file' holds text"):
        made(SVMClassifier).fit(table, LABELS)
