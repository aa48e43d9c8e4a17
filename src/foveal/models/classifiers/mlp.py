"""The multi-layer perceptron."""

from typing import Any

import numpy as np

from foveal import nn
from foveal.models.classifiers.network_classifier import NetworkClassifier
from foveal.models.classifiers.network_settings import check_number, check_whole


class MLPClassifier(NetworkClassifier):
    """Multi-layer perceptron: linear layers with ReLU between them, on pixels or rows.

    Parameters
    ----------
    depth : int, default=2
        Hidden layers, from 0.
    width : int, default=256
        Units in each of them.
    dropout : float, default=0.2
        Probability that a hidden unit is left out of a step (Srivastava et al. 2014).
    epochs : float, optional
        How often all examples are seen. By default as many as make 1,500 steps, at least 10 and at most 100;
        but never less than 500 steps.
    minutes : float, optional
        Train as long as fits instead: the speed is measured first, and the epochs are chosen by it, at most
        ``epochs`` or else 300. From then on the clock has no say.
    learning_rate : float, optional
        The greatest of the one-cycle schedule (Smith & Topin 2018). By default 0.05 for SGD and 0.002 for
        AdamW.
    batch_size : int, default=64
        At most; with fewer than 512 examples an eighth of them, at least 8.
    optimizer : {"sgd", "adamw"}, default="adamw"
        SGD with Nesterov's momentum, or AdamW (Loshchilov & Hutter 2019).
    momentum : float, default=0.9
        Of SGD.
    weight_decay : float, optional
        Of weights; biases and batch normalisation are left free. By default 5e-4 for SGD and 0.02 for AdamW.
    label_smoothing : float, default=0.0
        Share of each label that is spread over all classes (Szegedy et al. 2016).
    augmentation : {"auto", "none", "light", "standard"}, default="auto"
        Random changes of the training pictures, anew each time they are seen: ``"light"`` moves and mirrors,
        ``"standard"`` also changes colours and cuts a hole, ``"auto"`` chooses by what the pictures are; see
        :func:`~foveal.models.classifiers.augmenting.augmentation_for`. Rows that are not folded never change.
    early_stopping : bool, default=False
        Keep the weights of the epoch with the least validation loss, and stop ten epochs after it. The
        validation part is given to ``fit``, or drawn.
    validation_size : float, default=0.2
        The share of every class that is drawn for early stopping.
    image_size : int, optional
        Side of the square that pictures are brought to. By default the pictures' own size where all have the
        same and no side is above 64, else 32 pixels.
    image_shape : (int, int, int), optional
        Rows, columns and channels that the numbers of a row, (N, D), are folded to; (1, 1, D) by default.
    random_state : int, Generator or None
        Draws the weights, the order of the examples and their changes.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    network_ : foveal.nn.Sequential
        Of what :meth:`prepare` gives it makes logits, (N, K).
    history_ : dict of str to ndarray of shape (E,), float64
        ``loss``, ``accuracy``, ``validation_loss``, ``validation_accuracy`` and ``learning_rate`` of each
        epoch; NaN where nothing was measured.
    resolved_ : dict
        Where ``minutes`` were given, the parameters that give the same training by ``epochs``; else empty.
    n_epochs_ : float
        Epochs that were trained.
    image_shape_ : (int, int, int)
        Height, width and channels of what the network is given.
    mean_, scale_ : ndarray of shape (channels,), float64
        Each channel's mean and standard deviation over the training data.
    layout_ : dict
        The sizes of the network.
    n_features_in_ : int
        Numbers in an example.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = MLPClassifier(width=64, epochs=10, random_state=0).fit(digits.data[:800], digits.target[:800])
    >>> model.score(digits.data[800:], digits.target[800:]) > 0.85
    True
    """

    name = "mlp"
    validates = True
    resumable = True
    _default_side = 32

    def __init__(
        self,
        *,
        depth: int = 2,
        width: int = 256,
        dropout: float = 0.2,
        epochs: float | None = None,
        minutes: float | None = None,
        learning_rate: float | None = None,
        batch_size: int = 64,
        optimizer: str = "adamw",
        momentum: float = 0.9,
        weight_decay: float | None = None,
        label_smoothing: float = 0.0,
        augmentation: str = "auto",
        early_stopping: bool = False,
        validation_size: float = 0.2,
        image_size: int | None = None,
        image_shape: tuple[int, int, int] | None = None,
        random_state: Any = None,
    ) -> None:
        self.depth = depth
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.minutes = minutes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.augmentation = augmentation
        self.early_stopping = early_stopping
        self.validation_size = validation_size
        self.image_size = image_size
        self.image_shape = image_shape
        self.random_state = random_state

    def _make_layout(self, n_examples: int) -> dict[str, Any]:
        check_whole("depth", self.depth, least=0)
        check_whole("width", self.width)
        check_number("dropout", self.dropout, least=0, below=1)
        return {"depth": self.depth, "width": self.width, "dropout": self.dropout}

    def _make_network(self, layout: dict[str, Any]) -> nn.Sequential:
        rng = np.random.default_rng(layout["seed"])
        layers: list[nn.Module] = [nn.Flatten()]
        size = int(np.prod(self.image_shape_))
        for _ in range(layout["depth"]):
            layers += [nn.Linear(size, layout["width"], random_state=rng), nn.ReLU()]
            if layout["dropout"]:
                layers.append(nn.Dropout(layout["dropout"]))
            size = layout["width"]
        layers.append(nn.Linear(size, len(self.classes_), random_state=rng))
        return nn.Sequential(*layers)
