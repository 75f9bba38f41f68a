"""What would come of an import: ten rows as they will look, on a map and as text, and the report.

What was assumed of words for kinds of places and for their operation can be changed here.
"""

from collections.abc import Callable

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from geo.output import maps
from geo.sources.batch import Batch
from geo.sources.layout import Sheet
from geo.sources.mapping import Mapping, write_mapping
from geo.sources.operation import operation_of
from geo.sources.vocabulary import facility_type_of
from geo.text import escape
from pages import _components

#: So many rows are shown as they will look, and so many points drawn.
ROWS, MAX_POINTS = 10, 2_000
#: So many rows that were dropped are on screen; all are in the CSV.
MOST_DROPPED = 100
#: So many words of a column can be changed, the most frequent ones.
MOST_WORDS = 60
TABLE_PX = 640
NOT_KNOWN = "Not known"
KIND_LABELS, STATE_LABELS = _components.LABELS["kinds"], _components.LABELS["states"]


def ask_words(sheet: Sheet, mapping: Mapping) -> Mapping:
    """What the words of two columns mean: kinds of places, and whether they are in operation."""
    said = dict(mapping.types)
    kinds = _ask(
        "Kinds of places in it",
        _words(sheet, mapping, "facility_type"),
        lambda word: said.get(word) or facility_type_of(word),
        KIND_LABELS,
    )
    states = _ask(
        "What it says of their operation",
        _words(sheet, mapping, "operational_status"),
        lambda word: mapping.states.get(word) or operation_of(word),
        STATE_LABELS,
    )
    return Mapping.model_validate({**mapping.model_dump(), "types": kinds, "states": states})


def _words(sheet: Sheet, mapping: Mapping, field: str) -> "pd.Series[int]":
    """How often each word of a field's column stands there; none where each row has its own."""
    at = mapping.columns.get(field)
    if not isinstance(at, int):
        return pd.Series(dtype=int)
    counts = sheet.cells[at - 1].value_counts()
    counts = counts[counts.index != ""]
    return counts if len(counts) < len(sheet.cells) else counts.head(0)


def _ask(
    title: str, counts: "pd.Series[int]", read: Callable[[str], str | None], labels: dict[str, str]
) -> dict[str, str]:
    """What the words of a column mean, as they are read or as the reader says."""
    if counts.empty:
        return {}
    lost, shown = labels.get("unknown", NOT_KNOWN), counts.head(MOST_WORDS)
    known = {str(word): read(str(word)) for word in shown.index}
    table = pd.DataFrame(
        {
            "Word": list(known),
            "Rows": shown.to_numpy(),
            "Means": [labels.get(code or "", lost) for code in known.values()],
        }
    )
    unknown = int((table["Means"] == lost).sum())
    head = f"{title}: {len(counts)} words" + (f", {unknown} not known" if unknown else "")
    with st.expander(head, expanded=bool(unknown)):
        edited = st.data_editor(
            table,
            hide_index=True,
            disabled=["Word", "Rows"],
            column_config={
                "Means": st.column_config.SelectboxColumn(
                    options=list(dict.fromkeys((lost, *labels.values()))), required=True
                )
            },
            key=f"bring_words_{title}",
            width=TABLE_PX,
            height="content" if len(table) < ROWS else 36 * ROWS,
        )
    codes = {label: code for code, label in labels.items()}
    said = zip(edited["Word"], edited["Means"], strict=True)
    found = {word: codes.get(label, "other" if known[word] else "") for word, label in said}
    return {word: code for word, code in found.items() if code}


def preview(batch: Batch, mapping: Mapping | None) -> None:
    """What would be kept and dropped, with its reasons, and where the places lie."""
    lines = batch.report.lines()
    st.html("<h3>What would come of it</h3>")
    words, chart = st.columns([45, 55], gap="medium")
    with words:
        rest = "".join(f"<li>{escape(line)}</li>" for line in lines[1:])
        st.html(f"<p><strong>{escape(lines[0])}</strong></p><ul>{rest}</ul>")
        with st.container(horizontal=True):
            _components.download("Row by row (CSV)", batch.report.csv(), "report.csv")
            if mapping is not None:
                again = write_mapping(mapping)
                _components.download("This mapping, to use again", again, "mapping.yaml")
    with chart:
        if len(batch.providers):
            _map(batch)
    left_out = [note for note in batch.report.notes if note.action == "dropped"]
    if left_out:
        some = left_out[:MOST_DROPPED]
        more = f", the first {len(some)}" if len(some) < len(left_out) else ""
        with st.expander(f"Rows that were dropped: {batch.report.total('dropped'):,}{more}"):
            st.dataframe(
                pd.DataFrame(
                    {
                        "Row": [note.row for note in some],
                        "Why": [note.reason for note in some],
                        "Column": [note.column for note in some],
                        "It says": [note.value for note in some],
                    }
                ),
                hide_index=True,
            )
    if len(batch.providers):
        shown = batch.sample(ROWS)
        st.html(
            f'<p class="cr-note">{len(shown)} rows as they will look; they are the blue ones on '
            "the map.</p>"
        )
        st.dataframe(_as_shown(shown), hide_index=True)


def _as_shown(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows in words; a column that says nothing is left out."""
    spots = zip(rows["lat"], rows["lon"], rows["location_precision"], strict=True)
    table = pd.DataFrame(
        {
            "Name": rows["name"],
            "Kind": rows["facility_type"].map(KIND_LABELS).fillna(rows["kind"]),
            "Town": rows["locality"],
            "Position": [
                f"{lat:.4f}, {lon:.4f}" + ("" if precision == "exact" else f" ({precision})")
                for lat, lon, precision in spots
            ],
            "Telephone": rows["phone"],
            "Note": rows["note"],
        }
    )
    return table.dropna(axis=1, how="all").fillna("")


def _map(batch: Batch) -> None:
    """All places, the sample in blue."""
    frame = batch.providers
    some = frame.iloc[:: max(1, len(frame) // MAX_POINTS)]
    spots = [
        maps.Spot(kind, float(lat), float(lon))
        for kind, rows in (("likely", some), ("added", batch.sample(ROWS)))
        for lat, lon in zip(rows["lat"], rows["lon"], strict=True)
    ]
    low, high = (
        (float(frame["lat"].quantile(q)), float(frame["lon"].quantile(q))) for q in (0.002, 0.998)
    )
    st_folium(
        maps.base_map(maps.Ground(), None, (low, high), locate=False),
        key=f"bring_map_{low}_{high}",
        height=380,
        use_container_width=True,
        feature_group_to_add=maps.layer(maps.AreaMap(places=spots)),
        returned_objects=[],
    )
