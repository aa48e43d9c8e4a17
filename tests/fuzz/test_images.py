import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import harness
import image_files
from corpus.images import ONCE_FAILED

import images


def test_no_damaged_image_does_more_than_be_refused(tmp_path):
    files = images.make(np.random.default_rng(2026), tmp_path)
    found = harness.run(images.__file__, files, number=1000, keep=tmp_path / "failed")
    assert not found.failures, "\n".join(text for _, text in found.failures)
    assert found.counts["refused"] > 300
    assert found.counts["used"] > 300


def test_what_once_failed_does_not(tmp_path):
    def files():
        for name, made in ONCE_FAILED.items():
            (tmp_path / name).write_bytes(made())
            yield tmp_path / name, name

    found = harness.run(images.__file__, files())
    assert not found.failures, "\n".join(text for _, text in found.failures)


@pytest.mark.parametrize("name", list(image_files.seeds()))
def test_what_is_damaged_was_whole(tmp_path, name):
    (tmp_path / name).write_bytes(image_files.seeds()[name])
    assert images.try_file(tmp_path / name) == "used"
