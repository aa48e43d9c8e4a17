"""The parts of detectors that are networks: pyramid, region proposals, box head, and how they are trained."""
