"""Schemas of the files of classifiers."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from foveal.errors import ModelFileError
from foveal.files.schemas import Strict, checked
from foveal.models.classifiers.cnn import CNNClassifier
from foveal.models.classifiers.logistic import LogisticClassifier
from foveal.models.classifiers.mlp import MLPClassifier
from foveal.models.classifiers.network_settings import CURVES
from foveal.models.classifiers.svm import SVMClassifier
from foveal.models.classifiers.transfer import TransferClassifier
from foveal.models.schemas.arrays import F4, F8, I8, Arrays, Spec, check_arrays
from foveal.models.schemas.building import MANY, Word, schema_of
from foveal.models.schemas.parts import ClassifierClasses, Count, Probability, Version, make_features

# Numbers of a row, and the sides of what a network looks at.
Features = Annotated[int, Field(ge=1, le=2**28)]
_Side = Annotated[int, Field(ge=1, le=2**28)]
# Rows and columns that a picture is brought to.
_Pixels = Annotated[int, Field(ge=1, le=4096)]
Positive = Annotated[float, Field(gt=0)]
_Width = Annotated[int, Field(ge=1, le=65_536)]
_Seed = Annotated[int, Field(ge=0, lt=2**64)]


class ClassifierFile(Strict):
    """The metadata of any classifier's file."""

    model: Literal["logistic", "mlp", "cnn", "svm", "transfer"]
    version: Version
    classes: list[Any]
    classes_dtype: str
    config: dict[Word, Any]
    preprocessing: dict[Word, Any]
    learned: dict[Word, Any]


class ImagePreprocessing(Strict):
    """Of a classifier by features; without them, of one of rows."""

    features: dict[Word, Any] | None
    pixel_scale: Positive
    n_features: Features


class TransferPreprocessing(ImagePreprocessing):
    """Of pretrained features."""

    image_side: Annotated[int, Field(ge=32, le=4096, multiple_of=32)] | None


class Pictures(Strict):
    """How pictures become arrays of one shape."""

    height: _Pixels
    width: _Pixels
    channels: Annotated[int, Field(ge=1, le=4096)]
    pixel_scale: Positive


class NetworkPreprocessing(Strict):
    """Of a network; without pictures, of one of rows."""

    pictures: Pictures | None
    image_shape: Annotated[list[_Side], Field(min_length=3, max_length=3)]
    n_features: Features


class Tried(Strict):
    """A learning rate that was compared."""

    learning_rate: Positive
    validation_accuracy: Probability | None
    validation_loss: float | None
    diverged: bool
    chosen: bool


class LogisticLearned(Strict):
    """Beside the arrays."""

    learning_rate: Positive
    candidates: Annotated[list[Tried], Field(max_length=MANY)]
    rows: Annotated[Count, Field(ge=1)]


class TriedPenalty(Strict):
    """A penalty that was compared."""

    C: Positive
    accuracy: Probability
    loss: float
    chosen: bool


class TransferLearned(Strict):
    """Beside the arrays."""

    C: Positive
    cv_results: Annotated[list[TriedPenalty], Field(max_length=MANY)]
    fine_tuned: bool


class Machine(Strict):
    """A support vector machine that was compared, or chosen."""

    kernel: Literal["linear", "rbf"]
    C: Positive
    gamma: Positive | None = None
    accuracy: Probability | None = None
    fold_accuracies: Annotated[list[Probability], Field(max_length=MANY)] = Field(default_factory=list)
    chosen: bool | None = None


class SVMLearned(Strict):
    """Beside the arrays."""

    kernel: Literal["linear", "rbf"]
    gamma: Annotated[float, Field(ge=0)]
    slope: float
    best_params: Machine
    cv_results: Annotated[list[Machine], Field(max_length=MANY)]


class MLPLayout(Strict):
    """The layers of a multi-layer perceptron."""

    depth: Annotated[int, Field(ge=0, le=1000)]
    width: _Width
    dropout: Annotated[float, Field(ge=0, lt=1)]
    seed: _Seed


class CNNLayout(Strict):
    """The layers of a convolutional network."""

    kernel_size: Literal[1, 3]
    stem_stride: Literal[1, 2]
    stem_width: _Width
    pooling: Annotated[list[bool], Field(min_length=1, max_length=16)]
    widths: Annotated[list[_Width], Field(min_length=1, max_length=16)]
    depth: Annotated[int, Field(ge=0, le=1000)]
    seed: _Seed


class NetworkLearned(Strict):
    """Beside the arrays."""

    layout: dict[Word, Any]
    n_epochs: Annotated[float, Field(ge=0)]


def check_classifier(arrays: Arrays, metadata: Mapping[str, Any]) -> None:
    """Refuse the content of a classifier's file that cannot be; see ``check_model_file``."""
    file = checked(ClassifierFile, metadata, "its metadata")
    _check_classes(file)
    _CHECKS[file.model](file, arrays)


def _check_classes(file: ClassifierFile) -> None:
    """Classes are all of one type, and each is there once."""
    told = {"classes": file.classes, "classes_dtype": file.classes_dtype}
    classes = checked(ClassifierClasses, told, "its metadata").classes
    dtype = np.dtype(file.classes_dtype)
    kinds: dict[str, type | tuple[type, ...]] = {"U": str, "i": int, "u": int, "b": bool, "f": (int, float)}
    wanted = kinds.get(dtype.kind, (str, int, float, bool))
    if not all(isinstance(c, wanted) and (dtype.kind == "b" or not isinstance(c, bool)) for c in classes):
        raise ModelFileError(f"its classes are not all of the type {file.classes_dtype}.")
    try:
        array = np.array(classes, dtype=dtype)
        whole = array.tolist() == classes and len(np.unique(array)) == len(array)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole:
        raise ModelFileError("its classes are not what they were written as, or there is one twice.")


def _check_images(file: ClassifierFile, schema: type[ImagePreprocessing], length: str) -> Any:
    """Features and the length of their rows."""
    seen = checked(schema, file.preprocessing, "its preprocessing")
    if seen.features is not None:
        features = make_features(seen.features)
        if getattr(features, length, None) != seen.n_features:
            raise ModelFileError(
                f"its features have {getattr(features, length, None)} numbers, and it was fitted on "
                f"{seen.n_features}."
            )
    return seen


def _linear(file: ClassifierFile, n_features: int) -> dict[str, Spec]:
    n_logits = len(file.classes) if len(file.classes) > 2 else 1
    return {"coef": Spec(F8, (n_logits, n_features)), "intercept": Spec(F8, (n_logits,))}


def _check_config(file: ClassifierFile, kind: type) -> None:
    checked(schema_of(kind), file.config, "its config")
    if isinstance(file.config.get("features"), dict):
        make_features(file.config["features"], "its config.features")


def _check_logistic(file: ClassifierFile, arrays: Arrays) -> None:
    _check_config(file, LogisticClassifier)
    seen = _check_images(file, ImagePreprocessing, "n_features")
    learned = checked(LogisticLearned, file.learned, "its learned")
    curves = arrays.get("loss_curves")
    steps = curves.shape[-1] if curves is not None else 0
    row = (seen.n_features,)
    rows = (len(learned.candidates), steps) if learned.candidates else (0,)
    specs = _linear(file, seen.n_features) | {
        "loss_curves": Spec(F8, rows, gaps=True),
        "mean": Spec(F8, row),
        "variance": Spec(F8, row, least=0),
    }
    check_arrays(arrays, specs)


def _check_transfer(file: ClassifierFile, arrays: Arrays) -> None:
    _check_config(file, TransferClassifier)
    seen = _check_images(file, TransferPreprocessing, "n_pooled")
    learned = checked(TransferLearned, file.learned, "its learned")
    if (seen.features is None) != (seen.image_side is None):
        raise ModelFileError("its preprocessing has features without image_side, or the other way round.")
    if learned.fine_tuned and seen.features is None:
        raise ModelFileError("it was fine-tuned, and has no network.")
    specs = _linear(file, seen.n_features)
    if learned.fine_tuned:
        specs |= _curves(arrays, "history.", [n for n in arrays if n.startswith("history.")])
    check_arrays(arrays, specs, others=("tail.",) if learned.fine_tuned else ())


def _check_svm(file: ClassifierFile, arrays: Arrays) -> None:
    _check_config(file, SVMClassifier)
    seen = _check_images(file, ImagePreprocessing, "n_features")
    learned = checked(SVMLearned, file.learned, "its learned")
    if (learned.kernel == "rbf") != (learned.gamma > 0):
        raise ModelFileError(f"its gamma is {learned.gamma:g} with the kernel {learned.kernel}.")
    k, n = len(file.classes), len(arrays["vectors"]) if arrays.get("vectors", np.empty(())).ndim else 0
    specs = {
        "vectors": Spec(F4, (n, seen.n_features)),
        "dual": Spec(F8, (k - 1, n)),
        "intercepts": Spec(F8, (k * (k - 1) // 2,)),
        "counts": Spec(I8, (k,), least=0),
        "mean": Spec(F8, (seen.n_features,)),
        "scale": Spec(F8, (seen.n_features,), least=0, above=True),
    }
    check_arrays(arrays, specs)
    if sum(map(int, arrays["counts"])) != n:
        raise ModelFileError(f"its counts are not those of its {n} support vectors.")


def _curves(arrays: Arrays, prefix: str, names: list[str]) -> dict[str, Spec]:
    """Curves by epochs, equally long; what was not measured is NaN."""
    lengths = [len(arrays[n]) for n in names if n in arrays and arrays[n].ndim == 1]
    known = {f"{prefix}{name}" for name in CURVES}
    return {name: Spec(F8, (max(lengths, default=0),), gaps=True) for name in names if name in known}


def _check_network(file: ClassifierFile, arrays: Arrays) -> None:
    _check_config(file, MLPClassifier if file.model == "mlp" else CNNClassifier)
    seen = checked(NetworkPreprocessing, file.preprocessing, "its preprocessing")
    learned = checked(NetworkLearned, file.learned, "its learned")
    schema: type[MLPLayout | CNNLayout] = MLPLayout if file.model == "mlp" else CNNLayout
    layout = checked(schema, learned.layout, "its learned.layout")
    pictures, shape = seen.pictures, tuple(seen.image_shape)
    if pictures is not None and (pictures.height, pictures.width, pictures.channels) != shape:
        raise ModelFileError(f"its pictures do not have the shape {shape}.")
    if prod(shape) != seen.n_features:
        raise ModelFileError(f"its image_shape {shape} does not hold {seen.n_features} numbers.")
    # Before a network of so many layers is made.
    layers = sum(name.startswith("network.") and name.endswith(".weight") for name in arrays)
    if isinstance(layout, CNNLayout):
        if len(layout.widths) != len(layout.pooling):
            raise ModelFileError("its layout has not as many widths as poolings.")
        needed = 2 * (1 + len(layout.widths) * (1 + 2 * layout.depth)) + 1
    else:
        assert isinstance(layout, MLPLayout)
        needed = layout.depth + 1
    if layers != needed:
        raise ModelFileError(f"its layout has {needed} layers with weights, and the file those of {layers}.")
    channel = (shape[2],)
    specs = _curves(arrays, "history.", [f"history.{name}" for name in CURVES])
    specs |= {"mean": Spec(F8, channel), "scale": Spec(F8, channel, least=0, above=True)}
    check_arrays(arrays, specs, others=("network.",))


_CHECKS: dict[str, Callable[[ClassifierFile, Arrays], None]] = {
    "logistic": _check_logistic,
    "svm": _check_svm,
    "transfer": _check_transfer,
    "mlp": _check_network,
    "cnn": _check_network,
}
