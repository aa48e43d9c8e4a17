"""What the figures of a run say is wrong, and the likely reasons."""
