"""For every test, those in docstrings included: the cache of whoever runs them is left alone."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder of the session's own, for the processes that tests start as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "FOVEAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
