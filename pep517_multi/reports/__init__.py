"""Renderings of a report: JSON and text, each a pure function of the data."""
