"""The parts of the Data page that show a pack."""

import datetime as dt
import functools
from pathlib import Path

import streamlit as st

from geo.errors import CareReachError
from geo.output.answer_text import date_text
from geo.output.history_text import difference_text, rows_text, version_text
from geo.output.pack_export import FORMATS, attribution, export_pack
from geo.packs.history import compare_with_present, earlier_versions, list_versions
from geo.packs.pack import Pack, user_folder
from geo.packs.quality import Quality, measure_quality
from geo.packs.store import remove_pack, undo_change
from geo.text import escape
from geo.travel.times import ROAD_TILES
from pages import _cached, _components, _frame
from pages._components import plain
from pages._session import Key

_ENDINGS = {"fhir": "json", "geojson": "geojson", "parquet": "parquet", "csv": "zip"}
_LABELS = {"fhir": "FHIR", "geojson": "GeoJSON", "parquet": "GeoParquet", "csv": "CSV tables"}
#: So many likely duplicates are named.
_NAMED = 5


def is_own(folder: Path) -> bool:
    """Whether a pack is the user's, and not one that came with CareReach."""
    return folder.parent.resolve() == user_folder().resolve()


def summary(pack: Pack) -> str:
    """A pack in one line."""
    own = " (your own)" if is_own(pack.folder) else ""
    return plain(f"{pack.title}{own}: {len(pack.providers):,} providers")


def about(pack: Pack) -> None:
    """What it is, how much of it there is, and where to look at it."""
    people = int(pack.demand["population"].sum())
    figures = [
        f"{len(pack.providers):,} providers",
        f"{len(pack.evidence):,} statements on what is done where",
        f"{len(pack.demand):,} populated points with {people:,} people" if people else "",
        f"{len(pack.places):,} places to search from",
        f"{len(pack.roads):,} road legs" if len(pack.roads) else "",
        "roads to measure minutes on" if ROAD_TILES in pack.files else "",
    ]
    licences = "; ".join(pack.licenses) or "No licence is stated."
    st.html(
        f'<div class="cr-entry"><p>{escape(pack.description)}</p>'
        f"<p>{escape(', '.join(filter(None, figures)))}. Version {escape(pack.version)}.</p>"
        f"<p>Licence: {escape(licences)}</p></div>"
    )
    address = {"pack": pack.name}
    with st.container(horizontal=True):
        st.page_link("pages/find.py", label="Search it", query_params=address)
        if people:
            st.page_link("pages/coverage.py", label="Its coverage", query_params=address)


@st.cache_data(show_spinner=False, max_entries=16, hash_funcs={Pack: _cached.pack_key})
def _quality(pack: Pack, today: dt.date) -> Quality:
    return measure_quality(pack.providers, pack.evidence, today)


def quality(pack: Pack, today: dt.date) -> None:
    """How much is on record, how old it is, and what may stand twice."""
    found = _quality(pack, today)
    rows = "".join(
        f'<tr><th scope="row">{escape(words.capitalize())}</th><td>{100 * share:.0f} %</td>'
        f'<td><span class="cr-share" style="width:{100 * share:.0f}%"></span></td></tr>'
        for words, share in found.shares
    )
    first, last = map(date_text, found.fetched)
    ages = [f"Fetched on {first}." if first == last else f"Fetched from {first} to {last}."]
    if found.oldest:
        ages.append(f"The oldest date is {date_text(found.oldest)}.")
    if found.statements:
        ages.append(
            f"Of {found.statements:,} statements {found.old:,} are more than three years old and "
            f"{found.undated:,} have no date."
        )
    twice = len(found.duplicates)
    if twice:
        named = "; ".join(" and ".join(pair) for pair in found.duplicates[:_NAMED])
        more = f", and {twice - _NAMED:,} more" if twice > _NAMED else ""
        ages.append(f"{twice:,} pairs may be one provider each: {named}{more}.")
    st.html(
        f'<div class="cr-entry"><h2>How good it is</h2><table class="cr-quality"><caption>Share of '
        f"providers with</caption><tbody>{rows}</tbody></table><p>{escape(' '.join(ages))}</p>"
        "</div>"
    )


def take(pack: Pack) -> None:
    """Downloads, the words that have to go with them, and removing one's own pack."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for form, words in FORMATS.items():
            # Written when asked for: a large pack takes a while.
            _components.download(
                _LABELS[form],
                functools.partial(export_pack, pack, form),
                f"{pack.name}.{_ENDINGS[form]}",
                key=f"take_{pack.name}_{form}",
                help=f"Download {words}",
            )
        with st.popover("How to cite it"):
            st.code(f"{attribution(pack)} Pack hash {pack.hash}.", language=None, wrap_lines=True)
        if is_own(pack.folder) and _frame.may_write():
            mend(pack.name, pack.folder)


def mend(name: str, folder: Path) -> None:
    """The way back to an earlier state of one's own pack, and out; also of one that is broken."""
    with st.popover("Changes"):
        changes(name, folder)
    with st.popover("Remove"):
        st.write("This deletes the pack from this server, for everybody.")
        st.button("Remove it now", key=f"remove_{name}", on_click=removed, args=(name,))


def changes(name: str, folder: Path) -> None:
    """What was done to one's own pack, and the way back to an earlier state."""
    versions, earlier = list_versions(folder), earlier_versions(folder)
    if not earlier:
        st.write("Nothing has been changed since this pack was made.")
        return
    lines = "".join(
        f"<li><strong>Version {v.number}</strong>, {escape(version_text(v))}<br>"
        f"{escape(rows_text(v, before))}</li>"
        for before, v in reversed([*zip([None, *versions], versions, strict=False)])
    )
    st.html(f'<div class="cr-entry"><ul>{lines}</ul></div>')
    by_number = {version.number: version for version in reversed(earlier)}
    number = st.selectbox("Go back to version", [*by_number], key=f"version_{name}")
    # Every row is read for it, which takes a while where there are many.
    if st.toggle("Compare its rows with the present ones", key=f"compare_{name}"):
        try:
            since = difference_text(compare_with_present(folder, by_number[number]))
            st.write(plain(f"Since then: {since}"))
        except CareReachError as error:
            st.warning(plain(str(error)))
    st.write("Going back is a change too, and can be undone here.")
    st.button(
        f"Go back to version {number}", key=f"undo_{name}", on_click=undone, args=(name, number)
    )


def undone(name: str, number: int) -> None:
    """Put a pack back as it was, and say so."""
    try:
        version = undo_change(name, number)
        st.session_state[Key.DATA_TOLD] = (
            f"The pack {name} is again as in version {number} ({version_text(version)})."
        )
    except (CareReachError, OSError) as error:
        st.session_state[Key.DATA_FAILED] = f"Nothing was changed: {error}"


def removed(name: str) -> None:
    """Delete a pack, and say so."""
    try:
        remove_pack(name)
        st.session_state[Key.DATA_TOLD] = f"The pack {name} is removed."
    except (CareReachError, OSError) as error:
        st.session_state[Key.DATA_FAILED] = f"The pack was not removed: {error}"


def sources(pack: Pack) -> None:
    """Everybody whose data it is."""
    parts = []
    for source in pack.sources.values():
        when = f" ({escape(date_text(source.as_of))})" if source.as_of else " (no date)"
        link = (
            f' <a href="{escape(source.path)}" rel="noreferrer" target="_blank">'
            f"{escape(source.path)}</a>"
            if source.path and source.path.startswith(("https://", "http://"))
            else ""
        )
        terms = f" {escape(source.license)}." if source.license else ""
        said = f" {escape(source.description)}" if source.description else ""
        parts.append(f"<li><strong>{escape(source.title)}</strong>{when}.{terms}{said}{link}</li>")
    hosts = ", ".join(sorted(set(pack.publishers.values())))
    if hosts:
        parts.append(f"<li><strong>Statements</strong> were published by: {escape(hosts)}.</li>")
    if parts:
        st.html(f'<div class="cr-entry"><h2>Sources</h2><ul>{"".join(parts)}</ul></div>')
