"""Renderings of a report: JSON and text, each a pure function of the data."""

from pep517_multi.reports import json, text

__all__ = ["json", "text"]
