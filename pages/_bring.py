"""The part of the Data page that brings a file into a pack: look, map, preview, import."""

import contextlib
import datetime as dt
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from geo.errors import CareReachError
from geo.packs.dates import is_date
from geo.packs.pack import list_packs
from geo.progress import Step
from geo.sources import cms, fhir, nppes, osm
from geo.sources.batch import Batch, Origin, source_name
from geo.sources.into_pack import Imported, import_into, name_problem
from geo.sources.layout import EVERY_SHEET, Sheet
from geo.sources.mapping import Mapping, Proposal, propose
from geo.sources.new_pack import NewPack
from geo.sources.registry import KINDS, recognise
from geo.sources.sheets import read_sheet
from geo.sources.table import Near, read_facilities
from geo.text import escape
from pages import _bring_preview, _components, _frame
from pages._components import plain
from pages._session import Key

#: What may be uploaded; the command line takes more.
MAX_MB, MAX_ROWS = 50, 200_000
#: Questions of a proposal that nothing may be assumed for; the others are columns to choose.
MUST_ANSWER = ("encoding", "sheet", "swapped")
NOT_THERE = "(not in the table)"
#: Letters are most often in one of these, where they are not in the encoding that was found.
ENCODINGS = (
    *("utf-8", "cp1252", "cp1250", "cp1251", "gb18030", "shift_jis", "big5", "tis-620"),
    "mac_roman",
)
FIELD_LABELS = _components.LABELS["fields"]
FIRST_FIELDS = 8


def told() -> None:
    """What the last click did."""
    words = st.session_state.pop(Key.DATA_TOLD, "")
    if words:
        st.success(plain(words))
    failed = st.session_state.pop(Key.DATA_FAILED, "")
    if failed:
        st.error(plain(failed))


def offer(today: dt.date) -> None:
    """Bring a file of one's own, where that is allowed."""
    st.html('<div class="cr-head"><h2 id="bring-your-own">Bring your own</h2></div>')
    if not _frame.may_write():
        st.html(
            "<p>Uploading is switched off on this server. The command line brings data in: "
            "<code>python -m geo import --help</code>.</p>"
        )
        return
    st.html(
        "<p>A spreadsheet, CSV, GeoJSON, GeoPackage or GeoParquet with any columns, FHIR "
        "resources, an OpenStreetMap extract, or a US register. It stays on this server, where all "
        "its visitors can see it.</p>"
    )
    upload = st.file_uploader(
        "A file with places or doctors", max_upload_size=MAX_MB, key="bring_file"
    )
    if upload is not None and st.session_state.get(Key.BRING_SHOWN) != upload.file_id:
        # Another file: what was said of the last one does not hold for it.
        for key in [k for k in st.session_state if str(k).startswith("bring_")]:
            if key != "bring_file":
                del st.session_state[key]
        st.session_state[Key.BRING_SHOWN] = upload.file_id
    done: Imported | None = st.session_state.get(Key.BRING_DONE)
    if upload is None:
        st.session_state.pop(Key.BRING_DONE, None)
        return
    if done is not None and st.session_state.get(Key.BRING_OF) == upload.file_id:
        finished(done)
        return
    try:
        look(Upload(upload.name, upload.getvalue()), upload.file_id, today)
    except CareReachError as error:
        st.warning(plain(f"{error}".rstrip(".") + "."))


@dataclass(frozen=True)
class Upload:
    """An uploaded file, and what its visitor says of it."""

    name: str
    content: bytes
    country_code: str = ""
    encoding: str = ""
    sheet: str = ""
    origin: Origin = field(default_factory=lambda: Origin("", ""))


def look(upload: Upload, file_id: str, today: dt.date) -> None:
    """Say what the file is, and ask what it does not say."""
    code = str(st.session_state.get("bring_country_code", "")).strip().upper()
    kind, sheet, proposal = _known(upload.name, upload.content, country_code=code)
    if sheet is not None:
        upload = ask_reading(upload, sheet)
        if upload.encoding or upload.sheet:
            kind, sheet, proposal = _known(
                upload.name, upload.content, upload.encoding, code, upload.sheet
            )
    st.html(f"<p>This is <strong>{escape(KINDS[kind])}</strong>.</p>")
    mapping = None
    if sheet is not None and proposal is not None:
        mapping = ask_mapping(sheet, proposal)
    country_code = ask_country(kind)
    if mapping is not None:
        mapping = mapping.model_copy(update={"country_code": country_code})
    if mapping is not None and sheet is not None:
        mapping = _bring_preview.ask_words(sheet, mapping)
    origin = ask_terms(upload.name) if kind in ("table", "fhir") else upload.origin
    if kind == "cms":
        st.info("Medicare volumes need your own mapping of codes: use the command line.")
        return
    upload = replace(upload, country_code=country_code, origin=origin)
    if proposal is not None and (left := unanswered(proposal)):
        more = "question" if left == 1 else f"{left} questions"
        st.info(f"Answer the {more} above to see what would come of it.")
        return
    batch = _read(kind, upload, mapping, today.isoformat())
    _bring_preview.preview(batch, mapping)
    if batch.report.read > MAX_ROWS:
        st.warning(f"This file has more than {MAX_ROWS:,} rows: use the command line.")
        return
    if len(batch.providers):
        target(upload.name, batch, file_id)


def unanswered(proposal: Proposal) -> int:
    """How many questions that have no default are still to be answered."""
    keys = (f"bring_{asked}" for asked in proposal.asked if asked in MUST_ANSWER)
    return sum(st.session_state.get(key) is None for key in keys)


def ask_reading(upload: Upload, sheet: Sheet) -> Upload:
    """Which letters and which sheet, where the file leaves it open."""
    layout = sheet.layout
    encodings = dict(layout.doubtful)
    if not encodings and layout.encoding and not layout.odd_encoding:
        encodings = dict.fromkeys(dict.fromkeys((layout.encoding, *ENCODINGS)), "")
    left, right = st.columns(2)
    if not encodings:
        right = left
    encoding: str | None = ""
    if encodings:
        label = "The letters in this file can be read in more than one way. Which names are right?"
        encoding = left.selectbox(
            label if layout.doubtful else "Letters are read as",
            list(encodings),
            index=None if layout.doubtful else 0,
            placeholder="Choose the right names",
            format_func=lambda word: f"{word}: {encodings[word]}" if encodings[word] else word,
            key="bring_encoding",
        )
    sheets = dict.fromkeys((layout.sheet, *layout.other_sheets, *layout.alike))
    # What was found needs no second reading.
    again = encoding if encoding and (layout.doubtful or encoding != layout.encoding) else ""
    if len(sheets) < 2:
        return replace(upload, encoding=again)
    chosen = right.selectbox(
        f"{len(layout.alike)} sheets have the same columns. Which ones?"
        if layout.alike
        else "Which sheet",
        [*sheets, *([EVERY_SHEET] if layout.alike else [])],
        index=None if layout.alike else 0,
        placeholder="Choose a sheet, or all of them",
        format_func=lambda word: "All of them together" if word == EVERY_SHEET else word,
        key="bring_sheet",
    )
    other = chosen if chosen and chosen != layout.sheet else ""
    return replace(upload, encoding=again, sheet=other)


@st.cache_data(show_spinner="Reading the file …", max_entries=8)
def _known(
    name: str, content: bytes, encoding: str = "", country_code: str = "", sheet: str = ""
) -> tuple[str, Sheet | None, Proposal | None]:
    with _file(name, content) as path:
        kind = recognise(path)
        if kind != "table":
            return kind, None, None
        read = read_sheet(path, encoding=encoding, sheet=sheet)
        return kind, read, propose(read, country_code)


@contextlib.contextmanager
def _file(name: str, content: bytes) -> Iterator[Path]:
    """Uploaded bytes as a file that goes away, under a name that is only a name."""
    plain = re.sub(r"[^\w.\- ]", "_", name)[-80:].lstrip(".") or "file"
    with tempfile.TemporaryDirectory(prefix="carereach-") as folder:
        path = Path(folder) / plain
        path.write_bytes(content)
        yield path


@st.cache_data(show_spinner="Reading every row …", max_entries=8)
def _read(kind: str, upload: Upload, mapping: Mapping | None, retrieved: str) -> Batch:
    name, code = upload.name, upload.country_code
    if kind == "table" and mapping is not None:
        # Read already; only the mapping is another.
        sheet = _known(name, upload.content, upload.encoding, sheet=upload.sheet)[1]
        return read_facilities(Path(name), mapping, upload.origin, retrieved, Near(), sheet)
    with _file(name, upload.content) as path:
        if kind == "fhir":
            return fhir.read_fhir([path], upload.origin, retrieved, country_code=code)
        if kind == "osm":
            return osm.read_osm(path, retrieved, country_code=code)
        if kind == "nppes":
            return nppes.read_nppes(path, retrieved)
        return cms.read_clinicians(path, retrieved)


def ask_mapping(sheet: Sheet, proposal: Proposal) -> Mapping:
    """What each column means: proposed, and to be put right."""
    signs = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
    layout = "; ".join(
        f"{label}: {signs.get(value, value)}" for label, value in sheet.layout.described().items()
    )
    st.html(f'<p class="cr-note">{len(sheet.cells):,} rows. {escape(layout)}.</p>')
    for asked, question in zip(proposal.asked, proposal.questions, strict=True):
        if asked not in ("encoding", "sheet"):  # asked above
            st.warning(plain(question))
    columns = dict(proposal.mapping.columns)
    known = {
        field: sheet.columns[at - 1] if isinstance(at, int) else at for field, at in columns.items()
    }
    chosen: dict[str, str | int] = {}
    choices = [NOT_THERE, *sheet.columns]
    fields = sorted(FIELD_LABELS, key=lambda f: (f not in known, list(FIELD_LABELS).index(f)))
    shown = max(FIRST_FIELDS, sum(field in known for field in fields))
    st.html("<h3>Which column holds what</h3>")
    for group in (fields[:shown], fields[shown:]):
        cells = (st if group[0] == fields[0] else st.expander("More columns")).columns(4)
        for number, named in enumerate(group):
            column = cells[number % 4].selectbox(
                FIELD_LABELS[named],
                choices,
                index=choices.index(known[named]) if known.get(named) in choices else 0,
                key=f"bring_{named}",
                help=plain(f"Proposed by {proposal.guesses[named]}")
                if named in proposal.guesses
                else None,
            )
            if column != NOT_THERE:
                chosen[named] = sheet.columns.index(column) + 1
    left, middle, right = st.columns(3)
    # A box keeps its tick: where the country tells another order, it is set anew.
    is_asked = "swapped" in proposal.asked
    order = (sheet.name, None if is_asked else proposal.mapping.swapped)
    if st.session_state.get(Key.BRING_ORDER) != order:
        st.session_state[Key.BRING_ORDER] = order
        st.session_state["bring_swapped"] = order[1]
    if is_asked:
        swapped = left.radio(
            "Which stands first",
            [False, True],
            format_func=["Latitude", "Longitude"].__getitem__,
            horizontal=True,
            key="bring_swapped",
        )
    else:
        swapped = left.checkbox("Latitude and longitude are swapped", key="bring_swapped")
    far = middle.checkbox("Keep rows that lie far from all others", key="bring_far")
    crs = right.text_input(
        "Projection, where positions are not degrees", placeholder="EPSG:32645", key="bring_crs"
    )
    return proposal.mapping.model_copy(
        update={
            "columns": chosen,
            "swapped": bool(swapped),
            "far": "keep" if far else "drop",
            "crs": crs.strip(),
        }
    )


def ask_country(kind: str) -> str:
    """The country of telephone numbers and postcodes."""
    if kind in ("nppes", "dac", "cms"):
        return "US"
    code = st.text_input(
        "Country code, for telephone numbers, postcodes and coordinates",
        max_chars=2,
        placeholder="BT",
        key="bring_country_code",
        width=400,
    )
    return str(code).strip().upper()


def ask_terms(name: str) -> Origin:
    """Who publishes the data, under which terms, and how old it is."""
    one, two, three, four = st.columns(4)
    title = one.text_input("Who publishes it", key="bring_title", placeholder="Ministry of Health")
    licence = two.text_input("Licence", key="bring_licence", placeholder="CC BY 4.0")
    url = three.text_input("Where it was published", key="bring_url", placeholder="https://…")
    as_of = four.text_input("Which day it describes", key="bring_as_of", placeholder="2025-06")
    official = st.checkbox(
        "An official register (others are called reported, never confirmed)", key="bring_official"
    )
    url, as_of = url.strip(), as_of.strip()
    if url and not re.match(r"https?://[^\s/]+", url):
        st.warning("Where it was published is a web address, https://…; it is left out.")
        url = ""
    if as_of and not is_date(as_of):
        st.warning("A day is written 2025, 2025-06 or 2025-06-30; it is left out.")
        as_of = ""
    return Origin(
        source_name(name, title.strip()),
        title.strip() or f"The file {name}",
        license=licence.strip(),
        path=url or None,
        as_of=as_of or None,
        kind="official" if official else "other",
    )


def target(name: str, batch: Batch, file_id: str) -> None:
    """Which pack, what a new one says of itself, and the button."""
    st.html("<h3>Into which pack</h3>")
    stem = source_name(name)
    one, two, three, four = st.columns(4)
    packs = list(list_packs())
    pack = str(one.text_input("Name of the pack", value=stem, key="bring_pack")).strip()
    problem = name_problem(pack)
    new = NewPack()
    if pack in packs:
        st.info(
            f"The pack {pack} exists: what is new is merged into your copy of it, and what is "
            "known is brought up to date."
        )
    else:
        title = two.text_input("Title of the new pack", key="bring_pack_title", placeholder=stem)
        country = three.text_input("Country", key="bring_pack_country")
        number = four.text_input("Emergency number", key="bring_pack_number", placeholder="112")
        new = NewPack(title.strip(), country.strip(), number.strip())
        none = four.checkbox("It has none, or I do not know it", key="bring_no_number")
        # A page that names no country or number must be somebody's choice, never an oversight.
        if not new.country:
            problem = problem or "Say which country or area the data is of."
        elif not (new.emergency_number or none):
            problem = problem or "Give its emergency number, or say that there is none."
    if problem:
        st.warning(plain(problem))
    if st.button("Import", type="primary", disabled=bool(problem)):
        bar = st.progress(0.0, "Beginning")

        def advance(step: Step) -> None:
            bar.progress(step.share or 0.0, step.doing)

        try:
            done = import_into(pack, [batch], new, progress=advance)
        except (CareReachError, OSError) as error:
            bar.empty()
            st.warning(plain(f"Nothing was imported: {error}"))
            return
        st.session_state[Key.BRING_DONE], st.session_state[Key.BRING_OF] = done, file_id
        st.rerun()


def finished(done: Imported) -> None:
    """What was imported, and where to look at it."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in done.lines())
    st.success(plain(f"Imported into the pack {done.pack}."))
    st.html(f"<ul>{lines}</ul>")
    with st.container(horizontal=True):
        st.page_link("pages/find.py", label="Search it", query_params={"pack": done.pack})
        _components.download("Row by row (CSV)", done.csv(), "report.csv")
