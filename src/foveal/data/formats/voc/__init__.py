"""Pascal VOC's annotations."""
