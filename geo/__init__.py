"""CareReach's library: who near me does this procedure, how sure are we, who is left out.

The names below are for analysts and stay as they are; the packages beneath them are described in
the docs, under "How it is built". They are loaded when first used.

Examples
--------
>>> import geo
>>> pack = geo.open_pack("bhutan")
>>> round(geo.measure_coverage(pack, "haemodialysis", 50).share["reported"], 2)
0.58
"""

from typing import TYPE_CHECKING, Any

from geo.drivers import leave_out_others
from geo.version import __version__

leave_out_others()

if TYPE_CHECKING:
    from geo.api import *  # noqa: F403

#: What `geo.api` defines, which is loaded when one of its names is first used.
__all__ = ["Answer", "CareReachError", "Coverage", "Search", "__version__"]  # noqa: F405
__all__ += ["count_by", "draw_map", "e2sfca", "find_calls", "find_care", "find_gaps", "find_place"]  # noqa: F405
__all__ += ["find_procedure", "find_sites", "import_table", "list_packs"]  # noqa: F405
__all__ += ["measure_coverage", "open_pack"]  # noqa: F405


def __getattr__(name: str) -> Any:
    """Load the public names when one is first used: the command line needs few of them."""
    if name in __all__:
        from geo import api

        return getattr(api, name)
    raise AttributeError(f"module 'geo' has no attribute {name!r}")
