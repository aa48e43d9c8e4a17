"""What a notebook shows of a model: what it is, what it was told, and what it has learned."""

from collections.abc import Mapping
from typing import Any

from foveal import notebook

# Classes that are named.
_CLASSES = 12


class ShownInNotebooks:
    """An estimator that a notebook shows as a small table, in the place of scikit-learn's diagram.

    A subclass comes before ``BaseEstimator`` and may have ``classes_``, ``n_images_``, ``threshold_``,
    ``resolved_`` and ``history_``, each of which is told once it is there.
    """

    def _repr_html_(self) -> str:
        classes = getattr(self, "classes_", None)
        trained = classes is not None
        names = [str(name) for name in classes] if classes is not None else []
        facts: dict[str, Any] = {
            "parameters": repr(self),
            "classes": _listed(names) if trained else "not trained yet",
            "trained on images": getattr(self, "n_images_", None),
            "believed from a score of": getattr(self, "threshold_", None),
        }
        if trained:
            facts |= {f"decided: {name}": _plain(v) for name, v in getattr(self, "resolved_", {}).items()}
            facts |= _last(getattr(self, "history_", {}))
        return notebook.card(type(self).__name__, facts)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # scikit-learn's own, which a notebook would ask before the other.
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _listed(names: list[str]) -> str:
    more = len(names) - _CLASSES
    return ", ".join(names[:_CLASSES]) + (f" and {more:,} more" if more > 0 else "")


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and getattr(value, "size", 0) == 1 else value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def _last(history: Mapping[str, Any]) -> dict[str, float]:
    """The losses and accuracies at the end of a training by epochs."""
    wanted = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    ends = {name: float(history[name][-1]) for name in wanted if name in history and len(history[name])}
    return {f"last {name.replace('_', ' ')}": value for name, value in ends.items() if value == value}
