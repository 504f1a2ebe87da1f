__version__ = "1.0"

from extension_abi3_leak._speed import greet
