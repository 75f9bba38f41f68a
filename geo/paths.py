"""Where the app's files lie: beside the library in a checkout, in `carereach/` once installed."""

from pathlib import Path

_BESIDE = Path(__file__).resolve().parent.parent

#: The folder of app.py, pages, data and static files.
APP = _BESIDE if (_BESIDE / "app.py").exists() else _BESIDE / "carereach"
#: Bundled packs, procedures and stories.
DATA = APP / "data"
#: What the browser gets.
STATIC = APP / "static"
#: What is copied there when the app starts: Leaflet, and the grounds of packs.
VENDOR = STATIC / "vendor"
