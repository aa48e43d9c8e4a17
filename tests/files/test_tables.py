import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from foveal.files.tables import csv_text, spreadsheet_text

# A row of one empty cell is an empty line, which is no row.
rows = st.lists(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2)
)


@given(rows)
def test_rows_come_back(rows):
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


@given(rows)
def test_no_cell_is_a_formula(rows):
    for shown, given_ in zip(csv.reader(io.StringIO(spreadsheet_text(rows), newline="")), rows, strict=True):
        for cell, text in zip(shown, given_, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
            assert cell in (text, f"'{text}")


def test_numbers_below_0_are_no_formula():
    assert spreadsheet_text([["a", -1.5, -2, None]]) == "a,-1.5,-2,\n"
