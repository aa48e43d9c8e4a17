"""Classifiers of whole images, and what they share."""
