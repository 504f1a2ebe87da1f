"""Whether a wheel is what it says: found out before anything of it is used."""

from pep517_multi.wheels.validation.checking import Demands, validate, validated

__all__ = ["Demands", "validate", "validated"]
