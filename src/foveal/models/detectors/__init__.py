"""Detectors, as estimators."""
