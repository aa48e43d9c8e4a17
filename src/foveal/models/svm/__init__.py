"""Support vector machines: their solvers, their examples, and what makes probabilities of their values."""
