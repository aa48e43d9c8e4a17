"""Boxes over an image: anchors, proposals, regions and detections."""
