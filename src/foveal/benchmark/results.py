"""What every benchmark tells, and how it is written down."""

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from foveal.benchmark.machine import Machine
from foveal.benchmark.tables import Table
from foveal.files import write_bytes, write_json, write_text
from foveal.report.figures import Figure
from foveal.version import __version__


@dataclass(frozen=True, kw_only=True)
class Benchmark(ABC):
    """Figures of Foveal beside those of its peers.

    Attributes
    ----------
    settings : mapping
        What the run was asked for, as JSON values.
    machine : Machine
    absent : mapping of str to str
        How to install each package that was not there.
    notes : tuple of str
        Sentences about what failed or differs.
    """

    name: ClassVar[str]
    heading: ClassVar[str]

    settings: Mapping[str, Any]
    machine: Machine
    absent: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """Reasons not to trust the times."""
        return self.machine.warnings

    @abstractmethod
    def figures(self) -> dict[str, Any]:
        """What was measured, as JSON values."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """What was measured, for people."""

    @abstractmethod
    def describe(self) -> list[str]:
        """What the tables are about, a sentence a line; warnings first."""

    @abstractmethod
    def draw(self) -> dict[str, Figure]:
        """Figures by the names of their files."""

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; what is not known is None."""
        return {
            "benchmark": self.name,
            "foveal": __version__,
            "settings": dict(self.settings),
            "machine": self.machine.to_json(),
            "warnings": self.warnings,
            **self.figures(),
            "absent": dict(self.absent),
            "notes": list(self.notes),
        }

    def to_markdown(self) -> str:
        """Everything as one Markdown page."""
        parts = [f"# {self.heading} (Foveal {__version__})"]
        parts += [table.to_markdown() for table in self.tables()]
        parts.append("\n".join(f"- {sentence}" for sentence in self.describe()))
        return "\n\n".join(parts) + "\n"

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write everything as JSON, as tables and as figures.

        Parameters
        ----------
        folder : path-like
            Receives ``benchmark.json``, ``benchmark.md`` and each of :meth:`draw` as PNG and SVG. It is made
            if it is missing.
        """
        folder = Path(folder)
        write_json(folder / "benchmark.json", self.to_json())
        write_text(folder / "benchmark.md", self.to_markdown())
        for name, figure in self.draw().items():
            for kind in ("png", "svg"):
                content = io.BytesIO()
                # An image that is looked at alone needs a page to be dark on.
                figure.savefig(content, format=kind, dpi=160, facecolor="white")
                write_bytes(folder / f"{name}.{kind}", content.getvalue())
