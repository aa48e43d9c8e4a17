"""How a detection network is trained, and for how long."""
