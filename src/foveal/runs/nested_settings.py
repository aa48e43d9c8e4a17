"""Settings with dots in their names as the tables of a ``config.toml``, and back."""

from collections.abc import Mapping
from typing import Any


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``features.size`` into a table ``features_settings``, since ``features`` may be a value as well."""
    tables: dict[str, Any] = {}
    for key, value in settings.items():
        # TOML has no word for it, and what is left out would be resumed with its default.
        value = "none" if value is None else value
        table, dot, name = key.partition(".")
        if dot:
            tables.setdefault(f"{table}_settings", {})[name] = value
        else:
            tables[key] = value
    return tables


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`nested` made of settings, as they were."""
    single: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            for name, inner in value.items():
                single[f"{key.removesuffix('_settings')}.{name}"] = inner
        else:
            single[key] = value
    return single
