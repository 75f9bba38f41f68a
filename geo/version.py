"""The version, in this place alone; `pyproject.toml` reads it from here."""

__version__ = "0.5.0"
