"""Which version made a figure; downloads carry it."""

__all__ = ["VERSION"]

VERSION = "0.4.0"
