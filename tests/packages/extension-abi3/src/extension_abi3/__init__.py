__version__ = "1.0"

from extension_abi3._speed import greet
