"""How Sphinx builds this documentation: ``sphinx-build -W --keep-going -n docs docs/_build/html``."""

import sys
from pathlib import Path

import pep517_multi

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pep517-multi"
author = "The pep517-multi developers"
copyright = author  # noqa: A001 - Sphinx wants this name
version = release = pep517_multi.__version__

extensions = ["myst_parser", "click_reference", "settings_reference", "schema_reference", "changelog_fragments"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "changelog.d"]
smartquotes_action = "qe"  # quotes and ellipses; two dashes are how an option begins

html_theme = "furo"
html_title = f"multibuild {release}"
# A build without a network must be as complete as one with it, and two builds the same.
html_last_updated_fmt = None
html_copy_source = False
