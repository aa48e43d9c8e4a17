"""How good a network is on examples that it does not learn from."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from foveal.nn.batches import ArrayBatches, Batch, Batches
from foveal.nn.module import Module, no_grad

#: The value and the gradient by the output.
Loss = Callable[[NDArray[Any], Any], tuple[float, NDArray[Any]]]

#: Examples and targets, their batches, or whatever measures a network.
Validation = tuple[Any, Any] | Batches | Callable[[Module], Mapping[str, float]]


def evaluate(network: Module, loss: Loss, batches: Iterable[Batch]) -> dict[str, float]:
    """The mean loss and the accuracy of a network, in evaluation mode.

    Parameters
    ----------
    network : Module
        Its mode is what it was afterwards.
    loss : callable
        ``value, gradient = loss(output, target)``, the value a mean over the batch.
    batches : iterable of (x, y)

    Returns
    -------
    dict
        ``"loss"`` and, where the targets are classes, ``"accuracy"``, the share of rightly classified
        examples; of equal outputs the first is the network's answer.

    Raises
    ------
    ValueError
        If there is no batch.

    Examples
    --------
    >>> from foveal import nn
    >>> x, y = np.eye(2, dtype=np.float32), np.array([0, 0])
    >>> measured = evaluate(nn.Identity(), nn.cross_entropy, [(x, y)])
    >>> round(measured["loss"], 3), measured["accuracy"]
    (0.813, 0.5)
    """
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    seen, right, total = 0, 0, 0.0
    classes = True
    try:
        with no_grad():
            for x, y in batches:
                output = network(x)
                total += loss(output, y)[0] * len(x)
                found = rightly_classified(output, y)
                classes = classes and found is not None
                right += found or 0
                seen += len(x)
    finally:
        for module, mode in modes:
            module.training = mode
    if not seen:
        raise ValueError("There is nothing to evaluate the network on.")
    return {"loss": total / seen} | ({"accuracy": right / seen} if classes else {})


def rightly_classified(output: Any, target: Any) -> int | None:
    """How many rows of ``output``, (N, K), are largest at their class; None where there are no classes.

    Targets are classes where they are integers of shape (N,), or probabilities of shape (N, K) that sum to
    1, of which the largest counts.
    """
    if not isinstance(output, np.ndarray):
        return None
    target = np.asarray(target)
    if output.ndim != 2 or output.shape[1] < 2 or not len(output):
        return None
    if target.shape == output.shape[:1] and np.issubdtype(target.dtype, np.integer):
        return int((output.argmax(axis=1) == target).sum())
    if target.shape == output.shape and target.min() >= 0 and np.allclose(target.sum(axis=1), 1, atol=1e-4):
        return int((output.argmax(axis=1) == target.argmax(axis=1)).sum())
    return None


def validator(
    validation: Validation | None, loss: Loss, batch_size: int
) -> Callable[[Module], dict[str, float]] | None:
    """What measures a network, with ``validation_`` before the names of its figures.

    Raises
    ------
    ValueError
        If a pair is empty or its lengths differ.
    """
    if validation is None:
        return None
    batches: Batches | None = None
    if isinstance(validation, tuple):
        batches = ArrayBatches(*validation, batch_size=batch_size, random_state=0, shuffle=False)
    elif hasattr(validation, "epoch"):
        batches = cast("Batches", validation)

    def measure(network: Module) -> dict[str, float]:
        if batches is not None:
            figures: Mapping[str, float] = evaluate(network, loss, batches.epoch(1))
        else:
            assert callable(validation)
            figures = validation(network)
        return {f"validation_{name.removeprefix('validation_')}": float(v) for name, v in figures.items()}

    return measure
