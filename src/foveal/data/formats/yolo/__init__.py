"""YOLO's label files, their names and their splits."""
