"""The estimators: whole-image classifiers and object detectors."""

from typing import TYPE_CHECKING, Any

from foveal.errors import SettingError, did_you_mean

if TYPE_CHECKING:
    from foveal.models.classifiers.auto import AutoClassifier
    from foveal.models.classifiers.cnn import CNNClassifier
    from foveal.models.classifiers.logistic import LogisticClassifier
    from foveal.models.classifiers.mlp import MLPClassifier
    from foveal.models.classifiers.svm import SVMClassifier
    from foveal.models.classifiers.transfer import TransferClassifier
    from foveal.models.contracts import Model
    from foveal.models.detection.trace import DetectionTrace
    from foveal.models.detectors.fast_rcnn import FastRCNN
    from foveal.models.detectors.faster_rcnn import FasterRCNN
    from foveal.models.detectors.rcnn import RCNN
    from foveal.models.detectors.rpn import RPN
    from foveal.models.explaining.attention import with_attention
    from foveal.models.explaining.grad_cam import (
        class_activation_maps,
        feature_maps,
        first_layer_filters,
        input_gradients,
        stage_maps,
    )
    from foveal.models.explaining.occlusion import occlusion_map
    from foveal.models.loading import load

__all__ = [
    "MODELS",
    "RCNN",
    "RPN",
    "AutoClassifier",
    "CNNClassifier",
    "DetectionTrace",
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
    "with_attention",
]

#: The models by the names that the command line uses, each with its module and class.
MODELS = {
    "auto": ("foveal.models.classifiers.auto", "AutoClassifier"),
    "logistic": ("foveal.models.classifiers.logistic", "LogisticClassifier"),
    "mlp": ("foveal.models.classifiers.mlp", "MLPClassifier"),
    "cnn": ("foveal.models.classifiers.cnn", "CNNClassifier"),
    "svm": ("foveal.models.classifiers.svm", "SVMClassifier"),
    "transfer": ("foveal.models.classifiers.transfer", "TransferClassifier"),
    "rcnn": ("foveal.models.detectors.rcnn", "RCNN"),
    "fast-rcnn": ("foveal.models.detectors.fast_rcnn", "FastRCNN"),
    "faster-rcnn": ("foveal.models.detectors.faster_rcnn", "FasterRCNN"),
    "rpn": ("foveal.models.detectors.rpn", "RPN"),
}
# What explains the answers of models, and what reads them back, by module.
_OTHERS = {
    "foveal.models.detection.trace": ("DetectionTrace",),
    "foveal.models.explaining.attention": ("with_attention",),
    "foveal.models.explaining.grad_cam": (
        "class_activation_maps",
        "feature_maps",
        "first_layer_filters",
        "input_gradients",
        "stage_maps",
    ),
    "foveal.models.explaining.occlusion": ("occlusion_map",),
    "foveal.models.loading": ("load",),
}


def model_class(name: str) -> "type[Model]":
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
    from importlib import import_module

    if name not in MODELS:
        hint = did_you_mean(name, MODELS)
        raise SettingError(f"There is no model {name!r}.{hint} The models are {', '.join(MODELS)}.")
    module, attribute = MODELS[name]
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]


def __getattr__(name: str) -> Any:
    # scikit-learn and SciPy take a second to import: only when a model is asked for.
    from importlib import import_module

    for module, names in (*_OTHERS.items(), *MODELS.values()):
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'foveal.models' has no attribute {name!r}")
