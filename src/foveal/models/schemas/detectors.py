"""Schemas of the files of detectors and region proposal networks."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from foveal.errors import ModelFileError
from foveal.features import Backbone
from foveal.features.backbone import regions_on_maps
from foveal.files.plain import below
from foveal.files.schemas import Strict, checked
from foveal.models.detection.network import RoISettings
from foveal.models.detection.rpn.network import RPNSettings
from foveal.models.detectors.fast_rcnn import FastRCNN
from foveal.models.detectors.faster_rcnn import FasterRCNN
from foveal.models.detectors.rcnn import RCNN
from foveal.models.detectors.rpn import RPN
from foveal.models.detectors.rpn_base import LEVELS
from foveal.models.schemas.arrays import F4, F8, Arrays, Spec, check_arrays
from foveal.models.schemas.building import Word, schema_of
from foveal.models.schemas.parts import (
    Classes,
    Count,
    Probability,
    Version,
    check_proposals,
    make_backbone,
    make_features,
)

# Anchors of a place, and the sides of one, in pixels of the working image.
_MOST_ANCHORS, _LARGEST_ANCHOR = 256, 100_000
_PROPOSALS = "proposals."


class BoxModelFile(Strict):
    """The metadata of any detector's file."""

    model: Literal["rcnn", "fast-rcnn", "faster-rcnn", "rpn"]
    kind: str
    version: Version
    classes: Classes
    n_images: Count
    features: dict[Word, Any]
    settings: dict[Word, Any]


class ProposalDetectorFile(BoxModelFile):
    """Of a detector that is told where to look."""

    threshold: Probability
    proposals: dict[Word, Any]


class Resolved(Strict):
    """What the minutes came to."""

    epochs: Annotated[float, Field(gt=0)] | None = None
    finetune_fraction: Probability | None = None
    flip: bool | None = None


class RPNFile(BoxModelFile):
    """Of a network that proposes by itself."""

    finetuned: bool
    resolved: Resolved
    rpn: dict[Word, Any]


class FasterRCNNFile(RPNFile):
    """With a box head."""

    roi: dict[Word, Any]
    threshold: Probability


def check_box_model(arrays: Arrays, metadata: Mapping[str, Any], what: str = "its") -> None:
    """Refuse the content of a detector's file that cannot be; see ``check_model_file``."""
    kind = str(metadata.get("model"))
    file = checked(_FILES[kind], metadata, f"{what} metadata")
    if file.kind != kind:
        raise ModelFileError(f"{what} kind is {file.kind[:200]!r}, and its model {kind!r}.")
    if len(set(file.classes)) < len(file.classes):
        raise ModelFileError(f"{what} classes have a name twice.")
    _CHECKS[kind](file, arrays)


# -- told where to look -----------------------------------------------------------------------------


def _check_told(file: Any, arrays: Arrays, kind: type) -> tuple[Any, Arrays]:
    """Settings and proposals; features, and the detector's own arrays."""
    checked(schema_of(kind, ("proposals", "features")), file.settings, "its settings")
    own = {name: value for name, value in arrays.items() if not name.startswith(_PROPOSALS)}
    learned = below(arrays, _PROPOSALS)
    if file.proposals.get("kind") == "rpn":
        metadata = {"model": "rpn", "version": file.version, **file.proposals}
        check_box_model(learned, metadata, "its proposals'")
    else:
        check_proposals(file.proposals)
        if learned:
            raise ModelFileError("its proposals have arrays, and learn nothing.")
    return make_features(file.features), own


def _check_rcnn(file: Any, arrays: Arrays) -> None:
    features, own = _check_told(file, arrays, RCNN)
    k, d = len(file.classes), _length(features)
    specs = {
        "box_regression.weights": Spec(F4, (k, d, 4)),
        "box_regression.biases": Spec(F4, (k, 4)),
        "platt.slopes": Spec(F4, (k,)),
        "platt.offsets": Spec(F4, (k,)),
        "svm.biases": Spec(F4, (k,)),
    }
    kernel = file.settings.get("kernel", RCNN.kernel)
    if kernel == "linear":
        specs["svm.weights"] = Spec(F4, (d, k))
    elif kernel == "intersection":
        number = own["svm.vectors"].shape[0] if "svm.vectors" in own and own["svm.vectors"].ndim else 0
        specs["svm.vectors"] = Spec(F4, (number, d), least=0)
        specs["svm.coefficients"] = Spec(F8, (number, k))
    else:
        raise ModelFileError(f"its kernel {kernel[:200]!r} is unknown to this version of Foveal.")
    check_arrays(own, specs)


def _check_fast_rcnn(file: Any, arrays: Arrays) -> None:
    features, own = _check_told(file, arrays, FastRCNN)
    on_maps = regions_on_maps(features)
    if on_maps is None:
        raise ModelFileError("its features have no maps.")
    if file.settings.get("dropout", FastRCNN.dropout) is None:
        raise ModelFileError("its settings.dropout is not said.")
    channel = (on_maps.n_channels,)
    specs = {"mean": Spec(F4, channel), "scale": Spec(F4, channel, least=0, above=True)}
    check_arrays(own, specs, others=("network.",))


def _length(features: Any) -> int:
    length = getattr(features, "n_features", None)
    if not isinstance(length, int):
        raise ModelFileError("its features describe no regions.")
    return length


# -- that propose by themselves ---------------------------------------------------------------------


def _check_rpn_part(file: Any, kind: type) -> tuple[Any, Backbone]:
    """Settings and the region proposal network of a backbone's maps."""
    settings = checked(schema_of(kind, ("features",)), file.settings, "its settings")
    low, high = settings.scale  # type: ignore[attr-defined]
    if not 0 < low <= high:
        raise ModelFileError("its settings.scale are not two numbers above 0, the smaller first.")
    if settings.finetune_from not in LEVELS[:-1]:  # type: ignore[attr-defined]
        raise ModelFileError("its settings.finetune_from is no map that is fine-tuned from.")
    backbone = make_backbone(file.features)
    rpn: Any = checked(schema_of(RPNSettings), file.rpn, "its rpn")
    levels = tuple(rpn.levels)
    if levels != LEVELS:
        raise ModelFileError(f"its rpn.levels are not {', '.join(LEVELS)}.")
    strides = tuple(backbone.strides[level] for level in levels)
    if tuple(rpn.in_channels) != tuple(backbone.channels[level] for level in levels):
        raise ModelFileError("its rpn.in_channels are not those of its features.")
    if tuple(rpn.anchors.strides) != strides or len(rpn.anchors.sizes) != len(strides):
        raise ModelFileError("its rpn.anchors are not those of its features' maps.")
    if rpn.size % backbone.size_divisibility:
        raise ModelFileError(f"its rpn.size is no multiple of {backbone.size_divisibility}.")
    if not any(rpn.anchors.sizes) or max(map(len, rpn.anchors.sizes)) > _MOST_ANCHORS:
        raise ModelFileError(f"its rpn.anchors are none, or more than {_MOST_ANCHORS} at a place.")
    if not all(0 < side < _LARGEST_ANCHOR for level in rpn.anchors.sizes for pair in level for side in pair):
        raise ModelFileError(f"its rpn.anchors have sides that are not between 0 and {_LARGEST_ANCHOR}.")
    return rpn, backbone


def _check_rpn(file: Any, arrays: Arrays) -> None:
    _check_rpn_part(file, RPN)
    check_arrays(arrays, {}, others=_networks(file, ("pyramid.", "rpn.")))


def _check_faster_rcnn(file: Any, arrays: Arrays) -> None:
    rpn, _ = _check_rpn_part(file, FasterRCNN)
    roi: Any = checked(schema_of(RoISettings), file.roi, "its roi")
    if roi.n_classes != len(file.classes):
        raise ModelFileError(
            f"its roi.n_classes is {roi.n_classes}, and there are {len(file.classes)} classes."
        )
    if tuple(roi.pooling.strides) != tuple(rpn.anchors.strides):
        raise ModelFileError("its roi.pooling.strides are not those of its anchors.")
    if roi.pooling.join != "sum":
        raise ModelFileError("its roi.pooling.join is not 'sum'.")
    check_arrays(arrays, {}, others=_networks(file, ("pyramid.", "rpn.", "head.")))


def _networks(file: Any, parts: tuple[str, ...]) -> tuple[str, ...]:
    return (*parts, "stages.") if file.finetuned else parts


_FILES: dict[str, type[BoxModelFile]] = {
    "rcnn": ProposalDetectorFile,
    "fast-rcnn": ProposalDetectorFile,
    "faster-rcnn": FasterRCNNFile,
    "rpn": RPNFile,
}
_CHECKS: dict[str, Callable[[Any, Arrays], None]] = {
    "rcnn": _check_rcnn,
    "fast-rcnn": _check_fast_rcnn,
    "faster-rcnn": _check_faster_rcnn,
    "rpn": _check_rpn,
}
