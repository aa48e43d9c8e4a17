"""Files of the VGG Image Annotator, versions 1 to 3."""
