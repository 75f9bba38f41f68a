"""What the pages share: data opened once, header and footer, components, small HTML."""

import datetime as dt
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

import shapely
import streamlit as st

from geo import explain
from geo.build import public_path
from geo.coverage import Supplied, pack_times, supply_pack
from geo.entries import Procedure
from geo.errors import CareReachError, DataError
from geo.filters import Filters, choices
from geo.find import Assessed, assess_pack, narrow
from geo.packs import DESCRIPTOR, Pack, open_pack, pack_folder
from geo.places import Gazetteer
from geo.procedures import own_folder, whole_library
from geo.roads import REST_S, Engine, RoadsDownError
from geo.text import escape
from geo.travel import ROAD_TILES, Route, Times, engine_for, isochrone, route

STATIC = Path(__file__).resolve().parent.parent / "static"
VENDOR = STATIC / "vendor"
#: What takes longer shows how far it is.
MOMENT_S = 0.5
#: Pages that the footer leads to.
IN_FOOTER = ("Method",)
LEAFLET = ("leaflet.js", "leaflet.css")


def pack(name: str) -> Pack:
    """A pack, opened once for all sessions and again when it has changed; never altered."""
    folder = pack_folder(name)
    descriptor = folder / DESCRIPTOR
    return _pack(folder, descriptor.stat().st_mtime_ns)


@st.cache_resource(show_spinner="Opening the data …", max_entries=8)
def _pack(folder: Path, changed: int) -> Pack:
    return open_pack(folder)


def pack_key(of: Pack) -> tuple[str, str]:
    """What tells packs apart: two folders may hold copies of one descriptor."""
    return str(of.folder), of.hash


def library() -> dict[str, Procedure]:
    """The procedure library, read once, and again when the folder of one's own has changed."""
    return _library(_own())[0]


def specialty_labels() -> dict[str, str]:
    """Specialties that entries name, for a reader."""
    return {word: label for entry in library().values() for word, label in entry.labels.items()}


def library_problems() -> tuple[DataError, ...]:
    """Entries of one's own that were left out, and why."""
    return _library(_own())[1]


def _own() -> tuple:
    """What tells whether the folder of entries of one's own is another, or has changed."""
    folder = own_folder()
    try:
        files = sorted(os.scandir(folder), key=lambda f: f.name) if folder else ()
    except OSError:
        files = ()
    return folder, *((file.name, _changed(file)) for file in files)


def _changed(file: os.DirEntry) -> int | None:
    """When a file was changed; None where it cannot be said."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


@st.cache_resource(show_spinner=False, max_entries=2)
def _library(own: tuple) -> tuple[dict[str, Procedure], tuple[DataError, ...]]:
    return whole_library()


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def gazetteer(of: Pack) -> Gazetteer:
    """A pack's places, ready to be searched."""
    return Gazetteer(of.places)


def assessed(of: Pack, slug: str, today: dt.date) -> Assessed:
    """A pack seen with one procedure; a new day makes a new one."""
    return _assessed(of, slug, today, _own())


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def _assessed(of: Pack, slug: str, today: dt.date, own: tuple) -> Assessed:
    return assess_pack(of, library()[slug], today)


def narrowed(of: Pack, slug: str, today: dt.date, filters: Filters, now: dt.datetime) -> Assessed:
    """A pack seen with one procedure, and only those who pass the filters at that time."""
    if not filters:
        return assessed(of, slug, today)
    # Opening hours change at round times: five minutes' views are shared.
    minute = now.minute - now.minute % 5 if filters.open_now else 0
    when = now.replace(minute=minute, second=0, microsecond=0)
    if not filters.open_now:
        when = when.replace(hour=0)
    return _narrowed(of, slug, today, filters, when, _own())


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs={Pack: pack_key})
def _narrowed(
    of: Pack, slug: str, today: dt.date, filters: Filters, now: dt.datetime, own: tuple
) -> Assessed:
    return narrow(assessed(of, slug, today), filters, now)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={Pack: pack_key})
def filter_choices(of: Pack) -> dict[str, tuple[str, ...]]:
    """The filters that a pack has data for, each with its values."""
    return choices(of.providers)


def engine(of: Pack) -> tuple[Engine | None, str]:
    """What measures minutes for a pack, opened once; or why there is nothing."""
    return _engine(of, os.environ.get("CAREREACH_VALHALLA", ""))


def road_key(of: Pack) -> tuple:
    """What ways depend on; a statement more or less changes none of it."""
    files = (of.files.get(ROAD_TILES), of.files.get("demand"))
    return str(of.folder), of.version, *map(str, files)


#: Roads that a service has may become others.
@st.cache_resource(show_spinner=False, max_entries=8, ttl="12h", hash_funcs={Pack: road_key})
def _engine(of: Pack, service: str) -> tuple[Engine | None, str]:
    return engine_for(of)


@st.cache_resource(show_spinner=False, max_entries=128, ttl="12h", hash_funcs={Pack: road_key})
def reached(of: Pack, lat: float, lon: float, within_min: float, mode: str) -> dict | None:
    """The area within so many minutes of a place, as GeoJSON; None where there is none."""
    measured_by, _ = engine(of)
    area = isochrone(measured_by, (lat, lon), within_min, mode) if measured_by else None
    if area is None or area.is_empty:
        return None
    # A corner for each few hundredths of its width is as much as anybody sees.
    west, _, east, _ = area.bounds
    drawn = shapely.set_precision(area.simplify((east - west) / 400), 1e-5)
    return json.loads(shapely.to_geojson(drawn))


@st.cache_resource(show_spinner=False, max_entries=256, ttl="12h", hash_funcs={Pack: road_key})
def way_to(
    of: Pack, origin: tuple[float, float], destination: tuple[float, float], mode: str
) -> Route | None:
    """The quickest way from a place to one provider."""
    measured_by, _ = engine(of)
    return route(measured_by, origin, destination, mode) if measured_by else None


def times(of: Pack) -> dict[str, Times]:
    """Minutes from a pack's demand points, each way measured once for all sessions."""
    return _times(of, os.environ.get("CAREREACH_VALHALLA", ""))


@st.cache_resource(show_spinner=False, max_entries=8, ttl="12h", hash_funcs={Pack: road_key})
def _times(of: Pack, service: str) -> dict[str, Times]:
    measured_by, _ = engine(of)
    return pack_times(of, measured_by) if measured_by else {}


def supplied(
    of: Pack,
    slug: str,
    today: dt.date,
    added: tuple[tuple[float, float], ...] = (),
    removed: tuple[str, ...] = (),
    *,
    timed: bool = False,
) -> Supplied:
    """A pack's providers of a procedure, or a what-if of them, and how far people are.

    With minutes it shows how far it is, and raises `CareReachError` where they cannot be had.
    """
    if timed:
        rows = assessed(of, slug, today).rows
        lats = [*rows["lat"], *(lat for lat, _ in added)]
        lons = [*rows["lon"], *(lon for _, lon in added)]
        bar = _Bar()
        try:
            for table in times(of).values():
                table.learn(lats, lons, bar.show)
        finally:
            bar.clear()
    return _supplied(of, slug, today, added, removed, timed, _own())


class _Bar:
    """A bar that appears when measuring takes longer than a moment."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._bar = None

    def show(self, done: int, whole: int) -> None:
        if self._bar is None and time.monotonic() - self._began > MOMENT_S:
            self._bar = st.progress(0.0)
        if self._bar is not None:
            said = f"Measured {done:,} of {whole:,} ways on the roads"
            self._bar.progress(min(done / max(whole, 1), 1.0), said)

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.empty()


@st.cache_resource(
    show_spinner="Measuring every way …", max_entries=32, hash_funcs={Pack: pack_key}
)
def _supplied(
    of: Pack, slug: str, today: dt.date, added: tuple, removed: tuple, timed: bool, own: tuple
) -> Supplied:
    return supply_pack(assessed(of, slug, today), added, removed, times(of) if timed else None)


def wait_for_roads(of: Pack) -> None:
    """While the road service is down: look again by and by, and begin anew when it is back."""
    measured_by, _ = engine(of)

    @st.fragment(run_every=REST_S)
    def look() -> None:
        try:
            if measured_by is not None and not measured_by.resting:
                measured_by.ask("status", {})
                st.rerun()
        except RoadsDownError:
            pass

    look()


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def area_note(of: Pack, level: int) -> str:
    """Whose areas the map shows."""
    shapes = of.files.get(f"areas_{level}")
    if shapes is None:
        return "No areas of these regions are known; the tables have the figures."
    if '"boundary":"approximate"' in shapes.read_text("utf-8"):
        return (
            "Areas are approximate: the land nearest to where people live, not official "
            "boundaries. They decide nothing."
        )
    return "Areas are the boundaries given with the data. They decide nothing."


@st.cache_resource(show_spinner=False, max_entries=32, hash_funcs={Pack: pack_key})
def drawn(of: Pack, resource: str) -> str | dict | None:
    """Where a map of a pack lies below `static/`, or itself where it is not public."""
    own = of.files.get(resource)
    if own is None:
        return None
    public = STATIC / public_path(of.name, resource)
    if public.exists() and own.read_bytes() == public.read_bytes():
        return f"{public_path(of.name, resource)}?v={of.hash[:8]}"
    return json.loads(own.read_text("utf-8"))


@st.cache_resource(show_spinner=False)
def serve_leaflet() -> None:
    """Put Leaflet from the installed package where the browser can fetch it from the app."""
    import js_lib_leaflet

    source = Path(js_lib_leaflet.__file__).parent / "static" / "js_lib_leaflet"
    try:
        VENDOR.mkdir(parents=True, exist_ok=True)
        for name in LEAFLET:
            beside = VENDOR / f"{name}.{os.getpid()}.part"
            shutil.copyfile(source / name, beside)
            os.replace(beside, VENDOR / name)
    except OSError as error:
        if not all((VENDOR / name).exists() for name in LEAFLET):
            raise CareReachError(
                f"The map's files cannot be written to static/vendor ({error.strerror}); make that "
                "folder writable once, or copy leaflet.js and leaflet.css there."
            ) from error


def may_write() -> bool:
    """Whether visitors may change the packs of this server (`CAREREACH_UPLOADS=off` forbids it)."""
    return os.environ.get("CAREREACH_UPLOADS", "on").lower() != "off"


def header(pages: list) -> None:
    """Name and pages, visible at every width; Streamlit's own menu hides on a phone."""
    # Imported and not inlined: the browser fetches it once, instead of with every run.
    st.html('<style>@import url("app/static/page.css");</style>')
    with st.container(horizontal=True, key="nav", vertical_alignment="center", gap="small"):
        st.html('<span class="cr-brand">CareReach</span>', width="content")
        for page in pages:
            if page.title not in IN_FOOTER:
                st.page_link(page)


def need_router() -> None:
    """Begin again where a page was run without app.py.

    Streamlit takes `pages/` for its own older kind of app until `st.navigation` has been called
    once: the first visitor of a fresh server who follows a link to a page would get it bare.
    """
    if "page" not in st.session_state:
        st.navigation(site(), position="hidden")
        st.rerun()


def site() -> list:
    """The pages, in the order of the header."""
    return [
        st.Page("pages/find.py", title="Find care", default=True),
        st.Page("pages/procedures.py", title="Procedures", url_path="procedures"),
        st.Page("pages/coverage.py", title="Coverage", url_path="coverage"),
        st.Page("pages/stories.py", title="Stories", url_path="stories"),
        st.Page("pages/data.py", title="Data", url_path="data"),
        st.Page("pages/method.py", title="Method", url_path="method"),
    ]


def keep_address(page: str) -> None:
    """Write the address of a link within a page into the browser.

    `st.page_link` to the page one is on reruns it with the new address and leaves the old one in
    the browser, so that reload, Back and the next click would go astray. Only what such links
    change is looked at: a run that the map sent before the browser had the newest address must
    not bring an older one back.
    """
    now = (page, st.query_params.to_dict())
    seen = st.session_state.get("address", now)
    st.session_state["address"] = now
    linked = ("procedure", "view", "q", "specialty", "story", "step")
    if page == seen[0] and any(now[1].get(key) != seen[1].get(key) for key in linked):
        st.query_params.from_dict(now[1])


def entered(page: str, url_path: str) -> None:
    """Remember which page was shown before this one, and at which address."""
    if page not in IN_FOOTER:
        asked = urlencode(st.query_params.to_dict())
        st.session_state["came_at"] = f"/{url_path}?{asked}" if asked else f"/{url_path}"
    st.session_state["came_from"] = st.session_state.get("page")
    st.session_state["page"] = page


def report_link(at: str) -> str:
    """Where an error is reported, with the page it is about; "" where nobody has named a place.

    `CAREREACH_CONTACT` is a mail address, or an `https://` address that takes `title` and `body`
    (a new issue, say).
    """
    contact = os.environ.get("CAREREACH_CONTACT", "").strip()
    subject, body = "CareReach: an error", f"On the page: {at or '/'}\n\nWhat is wrong: "
    if re.fullmatch(r"(mailto:)?[^\s@:/<>\"]+@[^\s@/<>\"]+", contact):
        words = urlencode({"subject": subject, "body": body}, quote_via=quote)
        return escape(f"mailto:{contact.removeprefix('mailto:')}?{words}")
    if re.fullmatch(r"https?://[^\s<>\"]+", contact):
        joint = "&" if "?" in contact else "?"
        return escape(contact + joint + urlencode({"title": subject, "body": body}))
    return ""


def footer() -> None:
    """Who says all this, and what leaves the server."""
    with st.container(horizontal=True, key="foot", gap="small"):
        st.page_link("pages/method.py", label="Method, privacy and how to report an error")
    st.html(
        '<footer class="cr-footer">No substitute for medical care. Every statement names its '
        "source and date; the Data page lists them all. Nothing is sponsored. This page asks no "
        "third party for anything: your place and your search stay between your browser and this "
        "server.</footer>"
    )


def plain(text: str) -> str:
    """Text where Streamlit reads Markdown: every mark is taken literally."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~:$&@/" else c for c in text)


def urgent(
    procedure: Procedure, of: Pack, seen: tuple[str, str] | None, *, opens: bool = False
) -> None:
    """Red flags with the emergency number, and the first step, side by side."""
    st.html(explain.urgent_html(procedure, of, seen, opens=opens))


def explainer(procedure: Procedure, treatments: Mapping[str, dict[str, str]]) -> None:
    """The short form of an entry, for the panel beside the map.

    Parameters
    ----------
    procedure
        The entry.
    treatments
        Titles of the procedures that treat it, each with the address that asks who does it here.
    """
    st.html(f'<div class="cr-panel">{explain.short_form_html(procedure)}</div>')
    st.page_link(
        "pages/procedures.py",
        label="Full text with all sources",
        query_params={"procedure": procedure.slug},
    )
    for title, address in treatments.items():
        label = plain(f"Find who does this near here: {title}")
        st.page_link("pages/find.py", label=label, query_params=address)
    st.html(f'<p class="cr-note">{escape(explain.reviewed_words(procedure))}</p>')


#: Only this travels with each run; the script and its styles are fetched once from `static/`.
_LIST_HTML = '<link rel="stylesheet" href="app/static/list.css"><div id="root"></div>'
_LIST_JS = """
export default async function (component) {
  const list = await import(new URL("app/static/list.js", document.baseURI).href);
  list.default(component);
}
"""


def result_list(data: dict, key: str, on_select: Callable[[], None]) -> None:
    """The list of results: JSON in, text nodes on screen, the chosen row's id back."""
    component = st.components.v2.component("carereach_list", html=_LIST_HTML, js=_LIST_JS)
    component(data=data, key=key, on_select_change=on_select)


_TABLE_HTML = '<link rel="stylesheet" href="app/static/table.css"><div id="root"></div>'
_TABLE_JS = _LIST_JS.replace("list", "table")


def table(data: dict, key: str, on_select: Callable[[], None]) -> None:
    """A table whose rows can be chosen: JSON in, text nodes on screen, the chosen row's id back."""
    component = st.components.v2.component("carereach_table", html=_TABLE_HTML, js=_TABLE_JS)
    component(data=data, key=key, on_select_change=on_select)


def browser_button(key: str, label: str, action: str) -> None:
    """A button for what only the browser can do.

    Parameters
    ----------
    key
        Of the component.
    label
        On the button.
    action
        JavaScript; `button` is the element.
    """
    component = st.components.v2.component(
        f"carereach_{key}",
        html=f'<button type="button">{escape(label)}</button>',
        css="button { font: 400 1rem var(--st-font); min-height: 2.5rem; padding: .25rem .75rem;"
        " cursor: pointer; color: var(--st-text-color); background: none; border-radius: 8px;"
        " border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }"
        "button:focus-visible { outline: 3px solid var(--st-primary-color); }",
        js="export default function ({ parentElement }) {"
        ' const button = parentElement.querySelector("button");'
        f" button.onclick = () => {{ {action} }}; }}",
    )
    component(key=key, width="content")
