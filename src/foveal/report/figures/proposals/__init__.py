"""Selective search, and how many objects proposals reach."""
