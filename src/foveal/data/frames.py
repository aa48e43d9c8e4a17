"""A data set as a pandas table."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas

    from foveal.data.dataset import Dataset, Sample


def to_pandas(dataset: "Dataset") -> "pandas.DataFrame":
    """See :meth:`foveal.data.Dataset.to_pandas`."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("A table needs the package pandas: pip install pandas.") from error
    rows: list[dict[str, Any]] = []
    for sample in dataset:
        about = {
            "path": str(sample.path),
            "id": sample.id,
            "width": sample.width,
            "height": sample.height,
            "split": sample.split,
        }
        if dataset.task == "classification":
            rows.append({**about, "class": None if sample.label is None else dataset.classes[sample.label]})
        elif len(sample.boxes):
            rows += [about | _object(dataset, sample, place) for place in range(len(sample.boxes))]
        else:
            rows.append({**about, "difficult": False, "crowd": False})
    columns = ["path", "id", "width", "height", "split", "class"]
    if dataset.task == "detection":
        columns += ["x1", "y1", "x2", "y2", "difficult", "crowd"]
    table = pandas.DataFrame(rows, columns=columns)
    if dataset.task == "detection":
        # Of no row at all, pandas would not know that they are numbers.
        table = table.astype(dict.fromkeys(("x1", "y1", "x2", "y2"), np.float64))
    return table


def _object(dataset: "Dataset", sample: "Sample", place: int) -> dict[str, Any]:
    box = dict(zip(("x1", "y1", "x2", "y2"), map(float, sample.boxes[place]), strict=True))
    return {
        "class": dataset.classes[int(sample.labels[place])],
        **box,
        "difficult": bool(sample.difficult[place]),
        "crowd": bool(sample.crowd[place]),
    }
