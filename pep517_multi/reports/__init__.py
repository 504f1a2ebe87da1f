"""Renderings of a report or a plan: JSON, text and HTML, each a pure function of the data.

``html`` is not imported here: only few runs ask for a page.
"""

from pep517_multi.reports import json, plan, text

__all__ = ["json", "plan", "text"]
