"""Where the facts come from, how old they are, and what they cannot tell."""

import streamlit as st

from geo.errors import CareReachError
from geo.packs import list_packs
from geo.text import escape
from pages import _ui

_ui.need_router()

st.set_page_config(page_title="Data · CareReach")
parts = ["<h1>Where the data comes from</h1>"]
for name in list_packs():
    try:
        pack = _ui.pack(name)
    except CareReachError as error:
        parts.append(f"<h2>{escape(name)}</h2><p>This pack cannot be opened: {escape(error)}</p>")
        continue
    parts.append(f"<h2>{escape(pack.title)}</h2>")
    parts.append(
        f"<p>Version {escape(pack.version)}. {len(pack.providers):,} providers, "
        f"{len(pack.evidence):,} statements, {len(pack.demand):,} populated areas with "
        f"{pack.demand['population'].sum():,} people, {len(pack.roads):,} road legs. "
        f"{escape('; '.join(pack.licenses))}.</p><p>{escape(pack.description)}</p><ul>"
    )
    for source in pack.sources.values():
        when = f" ({escape(source.as_of)})" if source.as_of else " (no date)"
        link = (
            f' <a href="{escape(source.path)}" rel="noreferrer" target="_blank">'
            f"{escape(source.path)}</a>"
            if source.path and source.path.startswith(("https://", "http://"))
            else ""
        )
        about = f" {escape(source.description)}" if source.description else ""
        parts.append(f"<li><strong>{escape(source.title)}</strong>{when}.{about}{link}</li>")
    hosts = ", ".join(sorted(set(pack.publishers.values())))
    said = f"<li><strong>Statements</strong> were published by: {escape(hosts)}.</li>"
    parts.append(f"{said if hosts else ''}</ul>")
st.html(f'<article class="cr-entry">{"".join(parts)}</article>')
