import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness
import model_files


def test_no_damaged_file_does_more_than_be_refused(tmp_path):
    files = model_files.make(np.random.default_rng(2026), tmp_path)
    found = harness.run(model_files.__file__, files, number=300, keep=tmp_path / "failed")
    assert not found.failures, "\n".join(text for _, text in found.failures)
    # Most are noticed, and some are none the worse.
    assert found.counts["refused"] > 100
    assert found.counts["used"] > 20


@pytest.mark.parametrize(
    ("outcome", "body"),
    [
        ("died", "import os; os._exit(3)"),
        ("raised ZeroDivisionError", "1 / 0"),
    ],
)
def test_the_harness_notices(outcome, body, tmp_path):
    script = tmp_path / "target.py"
    here = str(Path(__file__).parent)
    script.write_text(
        f"import sys; sys.path.insert(0, {here!r})\nfrom harness import serve\n"
        f"def go(path):\n    {body}\n    return 'used'\nserve(go, KeyError)\n"
    )
    (tmp_path / "a").write_text("")
    found = harness.run(str(script), iter([(tmp_path / "a", "nothing")]), number=1)
    assert found.counts == {outcome: 1}
    assert len(found.failures) == 1
