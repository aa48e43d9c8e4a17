"""How a training went."""
