"""Files on disk: written whole or not at all, named by content, and never a pickle."""

from foveal.files.atomic import replacing, write_bytes, write_json, write_text
from foveal.files.container import read_container, write_container
from foveal.files.digests import digest_bytes, digest_file, digest_json
from foveal.files.naming import unique_names

__all__ = [
    "digest_bytes",
    "digest_file",
    "digest_json",
    "read_container",
    "replacing",
    "unique_names",
    "write_bytes",
    "write_container",
    "write_json",
    "write_text",
]
