"""What every test may ask for."""

import os
from pathlib import Path

import pytest


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
