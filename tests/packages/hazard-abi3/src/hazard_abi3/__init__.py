from hazard_abi3._speed import built_for

__all__ = ["built_for"]
