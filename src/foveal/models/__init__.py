"""The estimators: whole-image classifiers and object detectors."""

from typing import TYPE_CHECKING, Any

from foveal.errors import SettingError

if TYPE_CHECKING:
    from foveal.models.class_activation import (
        class_activation_maps,
        feature_maps,
        first_layer_filters,
        input_gradients,
        stage_maps,
    )
    from foveal.models.cnn import CNNClassifier
    from foveal.models.detection.steps import DetectionSteps
    from foveal.models.fast_rcnn import FastRCNN
    from foveal.models.faster_rcnn import FasterRCNN
    from foveal.models.loading import load
    from foveal.models.logistic import LogisticClassifier
    from foveal.models.mlp import MLPClassifier
    from foveal.models.occlusion import occlusion_map
    from foveal.models.rcnn import RCNN
    from foveal.models.rpn import RPN
    from foveal.models.svm import SVMClassifier
    from foveal.models.transfer import TransferClassifier

__all__ = [
    "DETECTORS",
    "MODELS",
    "RCNN",
    "RPN",
    "CNNClassifier",
    "DetectionSteps",
    "FastRCNN",
    "FasterRCNN",
    "LogisticClassifier",
    "MLPClassifier",
    "SVMClassifier",
    "TransferClassifier",
    "class_activation_maps",
    "feature_maps",
    "first_layer_filters",
    "input_gradients",
    "load",
    "model_class",
    "occlusion_map",
    "stage_maps",
]

#: The models by the names that the command line uses, each with its module and class.
MODELS = {
    "logistic": ("foveal.models.logistic", "LogisticClassifier"),
    "mlp": ("foveal.models.mlp", "MLPClassifier"),
    "cnn": ("foveal.models.cnn", "CNNClassifier"),
    "svm": ("foveal.models.svm", "SVMClassifier"),
    "transfer": ("foveal.models.transfer", "TransferClassifier"),
    "rcnn": ("foveal.models.rcnn", "RCNN"),
    "fast-rcnn": ("foveal.models.fast_rcnn", "FastRCNN"),
    "faster-rcnn": ("foveal.models.faster_rcnn", "FasterRCNN"),
    "rpn": ("foveal.models.rpn", "RPN"),
}
# What explains the answers of models, each with its module.
_EXPLAINING = {
    "DetectionSteps": "foveal.models.detection.steps",
    "class_activation_maps": "foveal.models.class_activation",
    "feature_maps": "foveal.models.class_activation",
    "first_layer_filters": "foveal.models.class_activation",
    "input_gradients": "foveal.models.class_activation",
    "occlusion_map": "foveal.models.occlusion",
    "stage_maps": "foveal.models.class_activation",
}
#: Those that find objects in images; :mod:`foveal.models.capabilities` tells what else they differ in.
DETECTORS = frozenset({"rcnn", "fast-rcnn", "faster-rcnn", "rpn"})


def model_class(name: str) -> type[Any]:
    """The class of a model by its name.

    Raises
    ------
    SettingError
        If there is no such model; the sentence names the nearest.

    Examples
    --------
    >>> model_class("rcn")
    Traceback (most recent call last):
    ...
    foveal.errors.SettingError: There is no model 'rcn'. Did you mean 'rcnn'? ...
    """
    from difflib import get_close_matches
    from importlib import import_module

    if name not in MODELS:
        near = get_close_matches(name, MODELS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"There is no model {name!r}.{hint} The models are {', '.join(MODELS)}.")
    module, attribute = MODELS[name]
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]


def __getattr__(name: str) -> Any:
    # scikit-learn and SciPy take a second to import: only when a model is asked for.
    from importlib import import_module

    if name == "load":
        return import_module("foveal.models.loading").load
    if name in _EXPLAINING:
        return getattr(import_module(_EXPLAINING[name]), name)
    for module, attribute in MODELS.values():
        if attribute == name:
            return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'foveal.models' has no attribute {name!r}")
