"""Files on disk: written whole or not at all, named by content, and never a pickle."""

from foveal.files.atomic import append_line, naming, replacing, write_bytes, write_json, write_text
from foveal.files.cache import Cache, user_cache
from foveal.files.claims import claimed, gone_on_with
from foveal.files.container import content_digest, parse_container, read_container, restore, write_container
from foveal.files.folders import whole_folder
from foveal.files.names import (
    digest_bytes,
    digest_file,
    digest_json,
    distinct_names,
    identity_of,
    readable,
    unique_names,
)
from foveal.files.nesting import json_value
from foveal.files.outputs import check_free, empty_folder, free_folder, new_file
from foveal.files.regular import open_regular, read_regular, what_else

__all__ = [
    "Cache",
    "append_line",
    "check_free",
    "claimed",
    "content_digest",
    "digest_bytes",
    "digest_file",
    "digest_json",
    "distinct_names",
    "empty_folder",
    "free_folder",
    "gone_on_with",
    "identity_of",
    "json_value",
    "naming",
    "new_file",
    "open_regular",
    "parse_container",
    "read_container",
    "read_regular",
    "readable",
    "replacing",
    "restore",
    "unique_names",
    "user_cache",
    "what_else",
    "whole_folder",
    "write_bytes",
    "write_container",
    "write_json",
    "write_text",
]
