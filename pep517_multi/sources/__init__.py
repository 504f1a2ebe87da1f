"""The source tree: how it is built, what it depends on, its digest, and private copies of it."""
