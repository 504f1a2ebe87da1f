"""Renderings of a report or a plan: JSON and text, each a pure function of the data."""

from pep517_multi.reports import json, plan, text

__all__ = ["json", "plan", "text"]
