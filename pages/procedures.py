"""The procedure library: search and browse; each entry in full, with its sources."""

import streamlit as st

from geo.care.american import language
from geo.care.entry import Procedure
from geo.care.library import find_procedure
from geo.output import entry_html
from geo.text import escape
from pages import _address, _cached, _components, _frame
from pages._components import plain
from pages._session import Key

_frame.need_router()

address = st.query_params
# The view of Find that this page leads back to.
kept = st.session_state.get(Key.FIND_ADDRESS, {})
pack = _cached.pack_or(kept.get("pack", ""), _address.DEFAULT_PACK)
library = _cached.library(pack.country)
EVERY = "Every specialty"
BY_KIND = "kind"
ARRANGED = {BY_KIND: "By kind", "az": "A to Z", "body": "By part of the body"}
KINDS = {"condition": "Conditions", "procedure": "Tests and treatments", "care": "Kinds of care"}
labels = _cached.specialty_labels(pack.country)


def go(**changes: str) -> None:
    """Change the address; what is empty leaves it."""
    full = {**address.to_dict(), **changes}
    address.from_dict({key: value for key, value in full.items() if value})


def searched() -> None:
    """A name opens its entry; any other words choose among the cards."""
    typed = st.session_state["w_search"].strip()
    found = find_procedure(library, typed)
    if found.procedure and not found.corrected:
        go(procedure=found.procedure.slug, q="")
    else:
        go(procedure="", q=typed)


def chosen(words: str, specialty: str) -> list[Procedure]:
    """Entries in which every word begins a word, or that a name over a typo means."""
    found = [entry for entry in library.values() if entry.mentions(words)]
    if not found:
        match = find_procedure(library, words)
        near = " or ".join(match.suggestions)
        if match.procedure:
            found = [match.procedure]
            st.warning(plain(f"“{words}” was read as {match.procedure.title}."))
        else:
            found = list(library.values())
            hint = f"Did you mean {near}?" if near else "It holds all these:"
            st.warning(plain(f"Nothing in the library is about “{words}”. {hint}"))
    under = [e for e in found if specialty in ("", e.specialty, *e.specialties)]
    if not under:
        label = labels[specialty]
        st.warning(plain(f"None of it is under {label}; shown from every specialty."))
    return under or found


def browse() -> None:
    """Every entry as a card, by search and by specialty."""
    st.set_page_config(page_title="Procedures · CareReach")
    words, specialty = address.get("q", ""), address.get("specialty", "")
    if specialty and specialty not in labels:
        st.warning(plain(f"“{specialty}” is not a specialty of the library; all are shown."))
        specialty = ""
    st.html(
        '<div class="cr-head"><h1>Procedures and conditions</h1><p>What each is, who it is for, '
        "what it does to how many people, and who says so.</p></div>"
    )
    _address.show_value("w_search", words)
    _address.show_value("w_specialty", specialty)
    with st.container(horizontal=True, key="find_entry"):
        st.text_input(
            "Search",
            key="w_search",
            placeholder="Kidney dialysis, C-section, spinal headache",
            on_change=searched,
            width=420,
        )
        st.selectbox(
            "Specialty",
            ["", *sorted(labels, key=labels.__getitem__)],
            key="w_specialty",
            format_func=lambda word: labels.get(word, EVERY),
            on_change=lambda: go(procedure="", specialty=st.session_state["w_specialty"]),
            width=300,
        )
    by = address.get("by", BY_KIND)
    if by not in ARRANGED:
        st.warning(plain(f"“{by}” is not a way to arrange the library; it is shown by kind."))
        by = BY_KIND
    _address.show_value("w_by", by)
    st.segmented_control(
        "Arranged",
        list(ARRANGED),
        key="w_by",
        format_func=ARRANGED.__getitem__,
        on_change=lambda: go(procedure="", by=_unless_plain(st.session_state["w_by"])),
    )
    for number, (heading, entries) in enumerate(groups(chosen(words, specialty), by).items()):
        st.html(f"<h2>{escape(heading)}</h2>")
        with st.container(key=f"cards_{number}"):
            for entry in entries:
                _card(entry, f"{number}_{entry.slug}")


def _unless_plain(by: str | None) -> str:
    return "" if by in (None, BY_KIND) else str(by)


def groups(entries: list[Procedure], by: str) -> dict[str, list[Procedure]]:
    """Entries under headings; by part of the body an entry may stand under several."""
    names = {"kind": KINDS, "body": _components.LABELS["body"]}.get(by, {})
    found: dict[str, list[Procedure]] = {name: [] for name in names.values()}
    for entry in entries:
        under = {"kind": (entry.kind,), "body": entry.body or ("whole",)}.get(by, ())
        for heading in [names[key] for key in under] or [entry.title[0].upper()]:
            found.setdefault(heading, []).append(entry)
    return {heading: some for heading, some in found.items() if some}


def _card(entry: Procedure, key: str) -> None:
    under = entry.labels[entry.specialty] if entry.specialty else "Any illness"
    with st.container(border=True, key=f"card_{key}"):
        st.html(f'<span class="cr-note">{escape(under)}</span>')
        st.page_link(
            "pages/procedures.py", label=plain(entry.title), query_params={"procedure": entry.slug}
        )
        st.html(f"<p>{escape(entry_html.summary(entry))}</p>")


def show(entry: Procedure) -> None:
    """One entry: what is urgent, what to do, and the whole text."""
    st.set_page_config(page_title=f"{entry.title} · CareReach")
    with st.container(key="all"):
        st.page_link("pages/procedures.py", label="All procedures and conditions")
    st.html(f'<div class="cr-head"><h1>{escape(entry.title)}</h1></div>')
    _components.urgent(entry, pack, None, opens=True)
    same = kept.get("procedure", pack.default_procedure) == entry.slug
    back = {key: value for key, value in kept.items() if same or key != "provider"}
    back["procedure"] = entry.slug
    with st.container(horizontal=True, key="actions", vertical_alignment="center", gap="small"):
        near = kept.get("near", pack.default_place)
        does = "treats" if entry.kind == "condition" else "does"
        find = plain(f"Find who {does} this near {near}")
        st.page_link("pages/find.py", label=find, query_params=back)
        leaflet = {**back, "view": _address.PRINT}
        st.page_link("pages/find.py", label="One-page leaflet", query_params=leaflet)
        if entry.easy:
            easy = {**back, "view": _address.EASY}
            st.page_link("pages/find.py", label="Easy read", query_params=easy)
        for other in library.values():
            if other.slug in entry.treated_by or entry.slug in other.treated_by:
                st.page_link(
                    "pages/procedures.py",
                    label=plain(other.title),
                    query_params={"procedure": other.slug},
                )
        _components.begin_at_top(f"top_{entry.slug}")
    _components.read_aloud(f"speak_{entry.slug}", language(pack.country))
    st.html(entry_html.entry_html(entry))


wanted = address.get("procedure", "")
match = find_procedure(library, wanted)
# One sentence for each file; `python -m geo check` names them all.
for problem in {problem.file: problem for problem in reversed(_cached.library_problems())}.values():
    st.warning(plain(f"Left out of the library: {problem}."))
if match.procedure is None:
    if wanted:
        st.warning(plain(f"“{wanted}” is not in the library."))
    browse()
else:
    if match.corrected:
        st.warning(plain(f"“{wanted}” was read as {match.procedure.title}."))
    show(match.procedure)
