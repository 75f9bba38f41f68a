"""The address is the state: read it before the widgets, write it when one changes.

Streamlit's own binding of widgets to the address loses slugs, reloads and Back. Here the address
is the only truth: a widget's callback writes it, each run reads it, and the widgets are set to
what it says.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from geo.errors import UnknownNameError
from geo.find import MAX_RADIUS_KM, MEASURES, ORDERS, SHOW
from geo.packs import Pack
from geo.places import Found, find_place
from geo.procedures import Library, Procedure, find_procedure

DEFAULT_PACK = "bhutan"
RADII_KM = (2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500)


@dataclass(frozen=True)
class View:
    """What the address says, understood; `problems` has a sentence for each part that was not."""

    pack: Pack
    procedure: Procedure
    near: str
    found: Found
    radius_km: float
    measure: str
    order: str
    show: str
    provider: str | None
    printing: bool
    problems: tuple[str, ...] = field(default=())

    def address(self, **changes: str) -> dict[str, str]:
        """The address of this view, or of one a little different; defaults are left out."""
        full = {
            "procedure": self.procedure.slug,
            "near": self.near,
            "radius_km": f"{self.radius_km:g}",
            "measure": self.measure,
            "pack": self.pack.name,
            "order": self.order,
            "show": self.show,
            "provider": self.provider or "",
            **changes,
        }
        plain = {"measure": self.pack.measure, "pack": DEFAULT_PACK, "order": "evidence"}
        plain |= {"show": "all", "provider": ""}
        return {key: value for key, value in full.items() if value != plain.get(key)}


def read_view(open_pack: Callable[[str], Pack], library: Library) -> View:
    """Understand the address; whatever is not understood is named in a sentence and ignored."""
    address = st.query_params.to_dict()
    said_at, said = st.session_state.get("said", (None, ""))
    problems: list[str] = [said] if said_at == address else []
    try:
        pack = open_pack(address.get("pack", DEFAULT_PACK))
    except UnknownNameError as error:
        pack = open_pack(DEFAULT_PACK)
        problems.append(f"{error} This is {pack.title}.")

    def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
        value = address.get(name, default)
        if value in allowed:
            return value
        problems.append(f"“{value}” is no {name} (it can be {', '.join(allowed)}); it is ignored.")
        return default

    wanted = address.get("procedure", pack.default_procedure)
    match = find_procedure(library, wanted)
    procedure = match.procedure or library[pack.default_procedure]
    if match.procedure is None:
        problems.append(unknown_procedure(wanted, match.suggestions))
    near = address.get("near", pack.default_place)
    found = find_place(pack.places, near)
    if found.place is None and not found.choices:
        problems.append(unknown_place(found))
        near = pack.default_place
        found = find_place(pack.places, near)
    elif found.place is not None:
        if found.corrected:
            problems.append(f"“{near}” was read as {found.place.label}.")
        near = found.place.label
    return View(
        pack=pack,
        procedure=procedure,
        near=near,
        found=found,
        radius_km=_radius(address.get("radius_km"), pack, problems),
        measure=one_of("measure", MEASURES, pack.measure),
        order=one_of("order", ORDERS, "evidence"),
        show=one_of("show", tuple(SHOW), "all"),
        provider=address.get("provider"),
        printing=address.get("view") == "print",
        problems=tuple(problems),
    )


def _radius(text: str | None, pack: Pack, problems: list[str]) -> float:
    if text is None:
        return pack.default_radius_km
    try:
        radius = float(text)
    except ValueError:
        radius = math.nan
    if 0 < radius <= MAX_RADIUS_KM:
        return radius
    problems.append(
        f"“{text}” is no radius in km between 0 and {MAX_RADIUS_KM:g}; "
        f"{pack.default_radius_km:g} km is used."
    )
    return pack.default_radius_km


def unknown_procedure(text: str, suggestions: tuple[str, ...]) -> str:
    """One sentence about a procedure that nobody knows."""
    hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
    return f"No procedure called “{text.strip()}” is in the library.{hint}"


def unknown_place(found: Found) -> str:
    """One sentence about a place that nobody knows."""
    hint = f" Did you mean {' or '.join(found.suggestions)}?" if found.suggestions else ""
    return found.problem + hint


def go(view: View, **changes: str) -> None:
    """Write a changed view into the address."""
    st.session_state.pop("said", None)
    st.query_params.from_dict(view.address(**changes))


def tell(sentence: str) -> None:
    """Say something for as long as the address stays the same."""
    st.session_state["said"] = (st.query_params.to_dict(), sentence)


def show_value(key: str, value: object) -> None:
    """Set a widget to what the address says, before it is drawn."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def restore(page: str) -> None:
    """Coming back from another page: show what was on screen when the reader left."""
    kept = st.session_state.get("find_address")
    if not st.query_params and kept and st.session_state.get("came_from") not in (None, page):
        st.query_params.from_dict(kept)
