"""Pixels: reading image files, scaling, filtering and drawing.

An image is an array of shape (H, W, 3), uint8, RGB, upright.
"""

from foveal.images import filters
from foveal.images.color_spaces import COLOR_SPACES, to_color_space
from foveal.images.drawing import draw_boxes
from foveal.images.file_kinds import NO_PHOTOGRAPHS, UNREAD, unread
from foveal.images.filters import apply_filter
from foveal.images.fitting import (
    Source,
    as_image,
    as_pixels,
    box_scale,
    is_pillow,
    padded_size,
    stack_padded,
    working_image,
    working_size,
)
from foveal.images.mosaic import montage
from foveal.images.painting import paint_regions
from foveal.images.palette import PALETTE, color_of
from foveal.images.reading import EXTENSIONS, ImageInfo, probe, read, used_bits
from foveal.images.resizing import resize, resize_to_fit
from foveal.images.thumbnails import Origin, data_uri
from foveal.images.warping import warp

__all__ = [
    "COLOR_SPACES",
    "EXTENSIONS",
    "NO_PHOTOGRAPHS",
    "PALETTE",
    "UNREAD",
    "ImageInfo",
    "Origin",
    "Source",
    "apply_filter",
    "as_image",
    "as_pixels",
    "box_scale",
    "color_of",
    "data_uri",
    "draw_boxes",
    "filters",
    "is_pillow",
    "montage",
    "padded_size",
    "paint_regions",
    "probe",
    "read",
    "resize",
    "resize_to_fit",
    "stack_padded",
    "to_color_space",
    "unread",
    "used_bits",
    "warp",
    "working_image",
    "working_size",
]
