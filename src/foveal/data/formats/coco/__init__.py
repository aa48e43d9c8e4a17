"""COCO's annotation files, their masks and their records."""
