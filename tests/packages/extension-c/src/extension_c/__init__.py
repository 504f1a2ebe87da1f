__version__ = "1.0"

from extension_c._speed import greet
