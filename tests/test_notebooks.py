"""The notebooks of the documentation run from their beginning to their end, and every result shows itself."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).parents[1] / "docs" / "notebooks"
if not FOLDER.is_dir():
    pytest.skip("the docs are not beside these tests", allow_module_level=True)

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# Beyond so many characters a notebook is slow to open and to keep.
MOST = 1_000_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_what_it_showed(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.fixture(scope="module")
def executed():
    notebook = nbformat.read(FOLDER / "whole_way.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
    return notebook


def html_of(cell):
    """What a cell shows as HTML, progress left out."""
    shown = [
        o["data"]["text/html"]
        for o in cell.outputs
        if o["output_type"] == "execute_result" and "text/html" in o["data"]
    ]
    return "".join(shown)


@pytest.mark.slow
def test_every_result_shows_itself(executed):
    assert len(nbformat.writes(executed)) < MOST
    shown = {
        cell.source.splitlines()[-1]: html_of(cell) for cell in executed.cells if cell.cell_type == "code"
    }
    for named in (
        "data",
        "proposals",
        "proposals[:10]",
        "finished",
        "found",
        "found.above()",
        "digits",
        "classified",
    ):
        pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', shown[named])
        assert pictures, named
        for picture in pictures:
            assert max(Image.open(io.BytesIO(base64.b64decode(picture))).size) <= 640
        assert "<script" not in shown[named]
    assert "believed from a score of" in next(
        html for line, html in shown.items() if line.startswith("model")
    )


@pytest.mark.slow
def test_progress_is_below_the_cell(executed):
    (cell,) = (c for c in executed.cells if c.source.startswith("finished = "))
    progress = [o["data"] for o in cell.outputs if o["output_type"] == "display_data"]
    assert len(progress) == 1
    assert "training:" in progress[0]["text/html"]
    # What was going on is over.
    assert "<progress" not in progress[0]["text/html"]
    assert "training:" in progress[0]["text/plain"]


@pytest.mark.slow
def test_a_misspelt_setting_is_told(executed):
    (cell,) = (c for c in executed.cells if "max_proposal=300" in c.source)
    assert "Did you mean 'max_proposals'?" in cell.outputs[-1]["text"]
