"""How good, how balanced and how fast."""
