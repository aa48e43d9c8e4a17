"""What the parameters of detectors that learn by gradients may be."""

from typing import Any

import numpy as np

from foveal.errors import SettingError

# The least and the greatest value of each parameter that is a number.
_RANGES: dict[str, tuple[float, float]] = {
    "size": (64, 4096),
    "minutes": (0, np.inf),
    "epochs": (0, np.inf),
    "batch_size": (1, np.inf),
    "learning_rate": (0, np.inf),
    "weight_decay": (0, np.inf),
    "finetune_fraction": (0, 1),
    "backbone_lr_factor": (0, np.inf),
    "passes_per_view": (1, np.inf),
    "ema_decay": (0, 1),
    "jitter": (0, 1),
    "channels": (1, np.inf),
    "hidden": (1, np.inf),
    "roi_size": (1, 64),
    "dropout": (0, 1),
    "validation_size": (0, 1),
    "max_proposals": (1, np.inf),
    "nms_threshold": (0, 1),
    "foreground": (0.3, 1),
}
# Those that may not be the end of their range itself.
_ABOVE = ("minutes", "epochs", "learning_rate")
_BELOW = ("ema_decay", "dropout", "validation_size")


def check_parameters(model: Any) -> None:
    """Refuse parameters that are out of their ranges.

    Raises
    ------
    SettingError
        The sentence names the parameter, its range and what it is.
    """
    for name, (least, most) in _RANGES.items():
        value = getattr(model, name, None)
        if value is None:
            continue
        good = least <= value <= most
        if name in _ABOVE:
            good = good and value > least and np.isfinite(value)
        if name in _BELOW:
            good = good and value < most
        if not good:
            low = f"above {least:g}" if name in _ABOVE else f"from {least:g}"
            high = "" if np.isinf(most) else f" and below {most:g}" if name in _BELOW else f" to {most:g}"
            raise SettingError(f"{name} is {low}{high}; got {value}.")
    if getattr(model, "size", 32) % 32:
        raise SettingError(f"size is a multiple of 32, such as 512; got {model.size}.")
    scale = getattr(model, "scale", (1, 1))
    if len(scale) != 2 or not 0 < scale[0] <= scale[1] < np.inf:
        raise SettingError(f"scale is two numbers above 0, the smaller first; got {scale}.")
