"""The batch normalisation layer."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.products import Clip
from foveal.nn.fusing import ClipsOutput
from foveal.nn.parameter import Parameter, accumulate, first_values


class BatchNorm2d(ClipsOutput):
    """Batch normalisation (Ioffe & Szegedy 2015); arguments are PyTorch's, arrays channels-last.

    In training the batch is normalised by its own mean and variance, and running ones are kept; in use
    (:meth:`Module.eval`) by the running ones.

    Parameters
    ----------
    num_features : int
        The number of channels, the last axis; the batch may be (N, H, W, C) or rows, (N, C).
    eps : float, default=1e-5
        Added to the variance.
    momentum : float or None, default=0.1
        The weight of the new batch in the running statistics; with None they are means over the batches.
    affine : bool, default=True
        Learn a weight and a bias for each channel.
    track_running_stats : bool, default=True
        False keeps none: the batch's own statistics are used always.
    frozen : bool, default=False
        See the attribute.

    Attributes
    ----------
    weight, bias : Parameter of shape (num_features,) or None
        Start as 1 and 0.
    running_mean, running_var : ndarray of shape (num_features,) or None
        The variance is the unbiased one, as in PyTorch; a batch is normalised by its biased one.
    num_batches_tracked : ndarray of shape (), int64, or None
    frozen : bool
        Use the running statistics and leave them as they are, in training too, as fine-tuning on small
        batches needs. Setting it also sets ``requires_grad`` of the weight and the bias to its opposite;
        set theirs afterwards to learn them all the same.

    Raises
    ------
    ValueError
        In training if there is one value a channel, whose variance is no one's.

    Examples
    --------
    >>> layer = BatchNorm2d(1)
    >>> layer(np.float32([[1], [3]])).round(3).ravel().tolist()
    [-1.0, 1.0]
    >>> layer.running_mean, layer.running_var
    (array([0.2], dtype=float32), array([1.1], dtype=float32))
    """

    shown = ("eps", "momentum", "affine", "track_running_stats")
    buffer_names: ClassVar[tuple[str, ...]] = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        frozen: bool = False,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(first_values((num_features,), 1)) if affine else None
        self.bias = Parameter(first_values((num_features,), 0)) if affine else None
        tracks = track_running_stats
        self.running_mean = first_values((num_features,), 0) if tracks else None
        self.running_var = first_values((num_features,), 1) if tracks else None
        self.num_batches_tracked = first_values((), 0, np.int64) if tracks else None
        self.frozen = frozen

    @property
    def frozen(self) -> bool:
        """Whether running statistics are used and left as they are, in training too."""
        return self._frozen

    @frozen.setter
    def frozen(self, frozen: bool) -> None:
        if frozen and not self.track_running_stats:
            raise ValueError("A frozen BatchNorm2d uses running statistics: it needs track_running_stats.")
        self._frozen = frozen
        for parameter in (self.weight, self.bias):
            if parameter is not None:
                parameter.requires_grad = not frozen

    def forward(self, x: NDArray[Any], *, clip: Clip | None = None) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.batch_norm`."""
        if x.ndim < 2 or x.shape[-1] != self.num_features:
            raise ValueError(
                f"BatchNorm2d({self.num_features}) takes (..., {self.num_features}), not {x.shape}."
            )
        of_batch = not self.track_running_stats or (self.training and not self._frozen)
        if of_batch:
            mean, variance = self._batch_statistics(x)
        else:
            # Copies where a gradient may be asked for: a later batch may move the running ones.
            mean, variance, _ = (values.copy() for values in self._running())
        self.save(x, mean, variance, of_batch)
        weight, bias = (None if p is None else p.data for p in (self.weight, self.bias))
        return F.batch_norm(x, mean, variance, weight, bias, self.eps, clip=clip)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.batch_norm_backward`."""
        x, mean, variance, of_batch = self.saved()
        grad_x, *grads = F.batch_norm_backward(
            grad,
            x,
            mean,
            variance,
            None if self.weight is None else self.weight.data,
            self.eps,
            batch_statistics=of_batch,
            needs_input_grad=needs_input_grad,
            needs_weight_grad=self.requires_grad(),
        )
        accumulate((self.weight, self.bias), grads)
        return grad_x

    def _batch_statistics(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        count = x.size // max(self.num_features, 1)
        if self.training and count < 2:
            raise ValueError(
                f"BatchNorm2d in training needs more than one value a channel, but the batch is {x.shape}: "
                "make the batch larger, or use eval() or frozen=True."
            )
        mean, variance = F.batch_statistics(x)
        if self.training and self.track_running_stats:
            running_mean, running_var, batches = self._running()
            batches += 1
            new = 1 / int(batches) if self.momentum is None else self.momentum
            unbiased = variance * (count / (count - 1))
            # In place: whoever holds the arrays, such as an average of weights, sees the change.
            running_mean[...] = (1 - new) * running_mean + new * mean
            running_var[...] = (1 - new) * running_var + new * unbiased
        return mean, variance

    def _running(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        return self.running_mean, self.running_var, self.num_batches_tracked

    def extra_repr(self) -> str:
        """The settings."""
        frozen = ", frozen=True" if self._frozen else ""
        return f"{self.num_features}, {super().extra_repr()}{frozen}"


#: Rows, (N, C), are normalised by the same class.
BatchNorm1d = BatchNorm2d
