"""Build one Python source tree for many implementations, and only as often as needed."""

__version__ = "0.1.0"
