"""The RoI stage: which object is in a region, and where exactly."""
