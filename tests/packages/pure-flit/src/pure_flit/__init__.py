"""A small package with a command."""

__version__ = "1.0"


def greet(name):
    return "Hello, " + name


def main():
    print(greet("world"))
