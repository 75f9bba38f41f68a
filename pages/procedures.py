"""The procedure library: every entry in full, with its sources."""

import streamlit as st

from geo import report
from geo.procedures import SECTIONS, find_procedure, section_html
from geo.text import escape
from pages import _state, _ui

library = _ui.library()
kept = st.session_state.get("find_address", {})
wanted = st.query_params.get("procedure") or kept.get("procedure", "")
match = find_procedure(library, wanted) if wanted else None
if wanted and match and match.procedure is None:
    st.warning(_ui.plain(f"“{wanted}” is not in the library."))
elif match and match.procedure and match.corrected:
    st.warning(_ui.plain(f"“{wanted}” was read as {match.procedure.title}."))
entry = match.procedure if match and match.procedure else next(iter(library.values()))
st.set_page_config(page_title=f"{entry.title} · CareReach")


def picked() -> None:
    st.query_params["procedure"] = st.session_state["w_entry"]


_state.show_value("w_entry", entry.slug)
st.selectbox(
    "Procedure or condition",
    list(library),
    key="w_entry",
    format_func=lambda slug: library[slug].title,
    on_change=picked,
    width=420,
)
pack = _ui.pack(kept.get("pack", _state.DEFAULT_PACK))
same = kept.get("procedure", pack.default_procedure) == entry.slug
_ui.urgent(entry, pack, None)
st.page_link(
    "pages/find.py",
    label=_ui.plain(f"Find who does this near {kept.get('near', pack.default_place)}"),
    query_params={
        **{key: value for key, value in kept.items() if same or key != "provider"},
        "procedure": entry.slug,
    },
)
parts = [f"<h1>{escape(entry.title)}</h1>"]
if entry.also_known_as:
    parts.append(f'<p class="cr-note">Also called: {escape(", ".join(entry.also_known_as))}</p>')
for heading in SECTIONS:
    parts.append(f"<h2>{escape(heading)}</h2>")
    if heading == "Benefits and risks":
        parts.append(report.picture_html(entry))
    parts.append(section_html(entry, heading))
parts.append("<h2>How the list decides who is likely</h2><ul>")
parts += [f"<li>{escape(reason)}</li>" for reason in entry.why.values()]
parts.append(f"</ul><h2>Sources</h2>{report.sources_html(entry)}")
st.html(f'<article class="cr-entry">{"".join(parts)}</article>')
st.html(f'<p class="cr-note">{escape(report.reviewed_words(entry))} No substitute for care.</p>')
