"""Checks of wheels beyond what reuse decides on."""
