from dataclasses import replace
from pathlib import Path

import numpy as np

from foveal.data import Dataset, Sample, doctor, load
from foveal.data.checks.boxes import check_boxes
from foveal.data.formats import table
from foveal.data.formats.records import Reading, Record


def test_the_order_in_which_formats_win():
    assert list(table.FORMATS)[:3] == ["voc", "coco", "yolo"]


def test_a_row_is_all_that_a_format_needs(tmp_path, monkeypatch, make_image):
    make_image(tmp_path / "a.jpg")
    (tmp_path / "list.jsonl").write_text('["a.jpg", "cat"]\n')

    def read(tree, documents):
        records = [
            Record(row[0], row[0], file, label=row[1])
            for file, rows in documents.of("pairs").items()
            for row in rows
        ]
        return Reading(records, ["cat"])

    row = table.Format(
        name="pairs", title="pairs", looked_for="a list.jsonl", read=read, task="classification",
        suffixes=(".jsonl",), take=lambda content, file: content,
    )  # fmt: skip
    monkeypatch.setitem(table.FORMATS, "pairs", row)
    assert load(tmp_path).format == load(tmp_path, format="pairs").format == "pairs"
    assert "few-images" in [finding.kind for finding in doctor(tmp_path)]


def test_what_the_doctor_asks_of_a_format_stands_in_its_row(monkeypatch):
    swapped = Sample(
        Path("a.jpg"), 1, 40, 30, np.array([[5, 5, 9, 5]]), np.array([0]), annotation=Path("a.tsv")
    )
    dataset = Dataset(Path(), "tsv", "detection", ("cat",), (swapped,))

    def first():
        return next(check_boxes(dataset))

    # A data set made by hand has no row.
    assert (first().kind, first().file) == ("empty-box", "a.tsv")
    row = table.row_of(dataset)
    monkeypatch.setitem(table.FORMATS, "tsv", replace(row, inclusive=True, one_for_all=True))
    assert (first().kind, first().file) == ("inverted-box", "a.jpg")
    assert first().message.startswith("Object 1 (cat of a.jpg)")
