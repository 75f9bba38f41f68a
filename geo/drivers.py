"""Which of GDAL's readers may be used: those of plain files, none that leads to something else.

A file that somebody brings is opened by the first reader that takes it for its own, and some read
other files of this machine or fetch addresses (virtual layers, web services). GDAL looks at this
setting once, when pyogrio is first imported; `tests/test_drivers.py` holds what is left.
"""

import os

#: What is read or written here; tiles are written by way of SQLite.
ALLOWED = frozenset(
    {"ESRI Shapefile", "ESRIJSON", "FlatGeobuf", "GPKG", "GeoJSON", "GeoJSONSeq", "KML", "LIBKML"}
    | {"MBTiles", "MEM", "MVT", "OSM", "PMTiles", "SQLite", "TopoJSON"}
)
#: All others that pyogrio comes with.
_OTHERS = (
    *("ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "CSV", "CSW", "Carto", "DGN", "DXF"),
    *("EDIGEO", "EEDA", "Elasticsearch", "GDALG", "GML", "GPSBabel", "GPX", "GTFS", "GeoRSS"),
    *("HTTP", "Idrisi", "JML", "JSONFG", "LVBAG", "MapInfo File", "MapML", "MiraMonVector", "NGW"),
    *("OAPIF", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "OpenFileGDB", "PCIDSK", "PDF"),
    *("PDS4", "PGDUMP", "PLSCENES", "S57", "SXF", "Selafin", "VDV", "VFK", "VICAR"),
    *("WAsP", "WFS", "XLSX"),
)


def leave_out_others() -> None:
    """Tell GDAL what not to load; before pyogrio is imported."""
    os.environ["OGR_SKIP"] = ",".join(_OTHERS)
