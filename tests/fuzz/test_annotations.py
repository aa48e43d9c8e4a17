import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import annotation_files
import annotations
import harness
from corpus.annotations import ONCE_FAILED


def test_no_damaged_annotation_does_more_than_be_told_of_or_refused(tmp_path):
    folders = annotations.make(np.random.default_rng(2026), tmp_path)
    found = harness.run(annotations.__file__, folders, number=700, keep=tmp_path / "failed")
    assert not found.failures, "\n".join(text for _, text in found.failures)
    assert all(found.counts[outcome] > 70 for outcome in harness.FINE)


def test_what_once_failed_does_not(tmp_path):
    def folders():
        for number, (name, made) in enumerate(ONCE_FAILED.items()):
            folder = tmp_path / f"{4 * number}-{name}"
            folder.mkdir()
            for picture in (0, 1):
                (folder / f"i{picture}.png").write_bytes(annotation_files.image_bytes(picture))
            made(folder)
            yield folder, name

    found = harness.run(annotations.__file__, folders())
    assert not found.failures, "\n".join(text for _, text in found.failures)


@pytest.mark.parametrize("format", list(annotation_files.WRITERS))
def test_what_is_damaged_was_whole(tmp_path, format):
    annotation_files.write(format, annotation_files.dataset(4, 3, 2), tmp_path / "1-whole")
    assert annotations.try_folder(tmp_path / "1-whole") == "used"
