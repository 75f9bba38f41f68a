"""Which publisher a file is of, by what is in it."""

import json
from pathlib import Path

from geo.errors import DataError
from geo.reading import understood
from geo.sources.files import kind_of, opened, text_of
from geo.text import normalise

#: The kinds of `python -m geo import`, and how a reader calls them.
KINDS = {
    "table": "a table",
    "nppes": "NPPES, the register of US clinicians",
    "dac": "Doctors and Clinicians of Medicare",
    "cms": "Medicare volumes by provider and service",
    "osm": "an OpenStreetMap extract or an answer of Overpass",
    "fhir": "FHIR resources",
}
#: Columns by which a table of a publisher is known.
_KNOWN = {
    "nppes": {"npi", "entity type code", "healthcare provider taxonomy code_1"},
    "cms": {"rndrng_npi", "hcpcs_cd", "tot_benes"},
    "dac": {"npi", "ind_pac_id"},
}


def recognise(path: Path) -> str:
    """The kind of a file, a key of `KINDS`.

    Raises
    ------
    DataError
        If it is empty, or neither a table nor one of the others.
    """
    with understood(path.name), opened(path) as plain:
        kind = "shapes" if plain.suffix.lower() == ".shp" else kind_of(plain)
        if kind == "pbf":
            return "osm"
        if kind == "json":
            return _json_kind(plain)
        if kind == "text":
            try:
                with text_of(plain) as file:
                    header = {normalise(cell.strip('"')) for cell in file.readline().split(",")}
            except UnicodeDecodeError:
                return "table"
            return next((name for name, needed in _KNOWN.items() if needed <= header), "table")
    return "table"


def _json_kind(path: Path) -> str:
    """FHIR and Overpass say what they are; everything else is GeoJSON or nothing."""
    try:
        text = path.read_text("utf-8-sig")
        try:
            whole = json.loads(text)
        except json.JSONDecodeError:
            whole = json.loads(text.splitlines()[0])
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise DataError(path.name, "is not JSON that can be read") from None
    if isinstance(whole, dict) and "resourceType" in whole:
        return "fhir"
    if isinstance(whole, dict) and "elements" in whole:
        return "osm"
    return "table"
