__version__ = "1.0"

try:
    from extension_optional._speed import greet
except ImportError:

    def greet(name):
        return "Hello, " + name
