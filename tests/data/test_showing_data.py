import numpy as np
import pytest

from foveal.data import Dataset, Sample, load


def test_a_notebook_shows_boxes(scene_folder):
    data = load(scene_folder)
    html = data._repr_html_()
    assert html.count("<img ") == 12
    assert len(html) < 300_000
    assert str(len(data)) in html


def test_names_of_classes_are_text(color_folder):
    html = load(color_folder)._repr_html_()
    assert "a&lt;b&gt; [bold]" in html
    assert "<b>" not in html.replace(f"<b>{color_folder}</b>", "")


def test_images_that_are_gone_and_none_at_all(tmp_path):
    data = Dataset(tmp_path, "voc", "detection", ("a",), (Sample(tmp_path / "gone.png", 1),))
    assert "<img" not in data._repr_html_()
    assert "<img" not in data.select([])._repr_html_()


def test_a_row_an_object(scene_folder):
    pytest.importorskip("pandas")
    data = load(scene_folder)
    data = data.select(range(len(data)))
    table = data.to_pandas()
    boxes = np.concatenate([sample.boxes for sample in data])
    np.testing.assert_array_equal(table[["x1", "y1", "x2", "y2"]].dropna().to_numpy(), boxes)
    first = table[table["path"] == str(data[0].path)]
    assert first["class"].tolist() == [data.classes[label] for label in data[0].labels]
    assert set(table["split"]) == {"train", "test"}


def test_an_image_without_objects_keeps_its_row(tmp_path):
    pytest.importorskip("pandas")
    data = Dataset(tmp_path, "voc", "detection", ("a",), (Sample(tmp_path / "a.png", 1, 9, 8),))
    table = data.to_pandas()
    assert len(table) == 1
    assert table["class"].isna().all()
    assert table["x1"].isna().all()
    assert table["crowd"].tolist() == [False]
    empty = data.select([]).to_pandas()
    assert len(empty) == 0
    assert empty["x1"].dtype == np.float64


def test_a_row_an_image_of_a_folder_a_class(color_folder):
    pytest.importorskip("pandas")
    data = load(color_folder)
    table = data.to_pandas()
    assert list(table.columns) == ["path", "id", "width", "height", "split", "class"]
    assert table["class"].value_counts().to_dict() == {"red": 10, "green": 10, "a<b> [bold]": 10}
    assert len(data.to_pandas()) == len(data)


def test_without_pandas_it_says_what_to_do(color_folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        load(color_folder).to_pandas()
