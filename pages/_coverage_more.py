"""What is asked less often on Coverage: distances, a call, what-if, an area, downloads."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import altair as alt
import numpy as np
import pandas as pd
import shapely
import streamlit as st
from shapely.geometry.base import BaseGeometry

from geo.coverage.area import AreaFigures, area_coverage
from geo.coverage.calls import record_answer
from geo.coverage.coverage import Coverage, in_supply
from geo.coverage.reach import SUPPLIES
from geo.coverage.siting import Sites, find_sites
from geo.errors import CareReachError
from geo.output import downloads, handouts, reports
from geo.output.answer_text import BY
from geo.output.coverage_map import coverage_map
from geo.output.coverage_text import SUPPLY_PHRASES, detour_text, percent_text, within_text
from geo.output.pictures import chart_picture, coverage_picture
from geo.packs.shapes import read_areas
from geo.packs.shared import is_copy
from geo.text import escape
from geo.units import shown
from pages import _address, _asked, _cached, _components, _coverage_people, _frame
from pages._address import MOST_ADDED, CoverageView, change_coverage, points_text
from pages._components import plain
from pages._coverage_parts import SUPPLY_LABELS
from pages._places import Problem
from pages._session import Key

#: Of more places than this nobody picks one from a list.
MOST_REMOVABLE = 2000
#: The uploader of areas, and at most so many of them in a table.
UPLOAD, MOST_AREAS = "w_cover_upload", 100
#: A chart as a picture, in units of its own.
CHART_PX = (1040, 420)
#: At most this many next places are on the page for decision makers.
NEXT_PLACES = 2
ANSWERS = {"offered": "Yes, it is done here", "not_offered": "No, it is not done here"}


@dataclass(frozen=True)
class Brought:
    """Areas from the reader's file by name, and why there are none."""

    areas: Mapping[str, BaseGeometry]
    problem: str = ""


def more(
    view: CoverageView, coverage: Coverage, calls: pd.DataFrame, brought: Brought, today: dt.date
) -> None:
    """What is asked less often, one at a time."""
    parts = {
        "All regions": lambda: all_regions(view, coverage),
        "Distances": lambda: distances(view, coverage),
        "Calls": lambda: ask(view, coverage, calls, today),
        "What if": lambda: what_if(view, coverage),
        "An area": lambda: an_area(view, coverage, brought),
        "People": lambda: _coverage_people.people(view, coverage),
        "Inequality": lambda: _coverage_people.inequality(view, coverage),
        "Capacity": lambda: _coverage_people.capacity(view, coverage),
        "Methods": lambda: _coverage_people.methods(view, coverage),
        "Download": lambda: download(view, coverage, calls),
    }
    first = "What if" if view.sites else "Distances"
    part = st.segmented_control("More", list(parts), default=first, key="w_cover_more")
    parts[part or first]()


def all_regions(view: CoverageView, coverage: Coverage) -> None:
    """Every region of the level with every supply side by side, to be sorted and searched."""
    rows = coverage.level(view.level)
    columns = {
        view.pack.level_names.get(view.level, "Region"): rows["name"],
        "People": rows["population"],
    }
    for supply in SUPPLIES:
        asked = (coverage.within, coverage.measure.name, supply, view.units)
        of_supply = _asked.coverage(coverage.supplied, *asked)
        share = 100 * of_supply.regions.set_index("region_id")["share"]
        columns[f"Within, {SUPPLY_LABELS[supply].lower()} (%)"] = rows["region_id"].map(share)
    columns |= {"People beyond": rows["people_beyond"], "Places": rows["providers"]}
    columns["Places inside per 100,000"] = rows["per_100k"]
    st.html(
        f'<p class="cr-note">Within {escape(within_text(coverage))}. People beyond and places are '
        f"of the supply chosen ({escape(SUPPLY_PHRASES[coverage.supply])}). A click on a heading "
        "sorts.</p>"
    )
    st.dataframe(
        pd.DataFrame(columns).round(1),
        hide_index=True,
        placeholder="not known",
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in columns
            if name in ("People", "People beyond", "Places")
        },
    )


def distances(view: CoverageView, coverage: Coverage) -> None:
    """How the share grows with the distance, and another threshold beside this one."""
    decay(coverage)
    for sentence in detour_text(coverage):
        st.html(f'<p class="cr-note">{escape(sentence)}</p>')
    timed = coverage.unit == "min"
    compared = view.compare_min if timed else view.compare_km
    steps, words = _components.threshold_steps(coverage.shown_unit)
    key = f"w_cover_compare_{coverage.unit}"
    _address.show_value(key, compared)
    st.selectbox(
        "Compare with another threshold",
        sorted({*steps, *([compared] if compared else [])} - {coverage.within}),
        index=None,
        key=key,
        format_func=words,
        on_change=lambda: change_coverage(
            **{f"compare_{coverage.unit}": f"{st.session_state[key] or '':}"}
        ),
        width=320,
    )
    _address.show_value("w_cover_units", view.units)
    _components.units_choice("w_cover_units", change_coverage)
    if compared:
        asked = (compared, coverage.measure.name, view.supply, view.units)
        other = _asked.coverage(coverage.supplied, *asked)
        rows = "".join(
            f"<tr><th scope='row'>{escape(SUPPLY_LABELS[s])}</th>"
            f"<td>{percent_text(coverage.share[s])}</td>"
            f"<td>{percent_text(other.share[s])}</td></tr>"
            for s in SUPPLIES
        )
        st.html(
            f'<table class="cr-table"><tr><th>Covered</th><th>'
            f"{within_text(coverage)}</th>"
            f"<th>{within_text(other)}</th></tr>{rows}</table>"
        )


def ask(view: CoverageView, coverage: Coverage, calls: pd.DataFrame, today: dt.date) -> None:
    """The call script, and a form for the answer."""
    if calls.empty:
        st.info("Nobody outside this supply would reach more people within the threshold.")
        return
    names = dict(zip(calls["provider_id"], calls["name"], strict=True))
    gains = dict(zip(calls["provider_id"], calls["people"], strict=True))
    if st.session_state.get(Key.CALL) in names:
        _address.show_value("w_cover_call", st.session_state[Key.CALL])
    chosen = st.selectbox(
        "Whom to call",
        list(names),
        key="w_cover_call",
        format_func=lambda i: f"{names[i]} (+{gains[i]:,} people)",
        on_change=lambda: st.session_state.update(call=st.session_state["w_cover_call"]),
        width=520,
    )
    call = calls.set_index("provider_id").loc[chosen].to_dict()
    st.html(handouts.call_script_html(coverage, call))
    with st.container(key="downloads"):
        _components.browser_button("print_call", "Print this script", "window.print();")
    if not _frame.may_write():
        st.caption("Recording answers is switched off on this server.")
        return
    if is_copy(view.pack.folder):
        st.caption("These data come from a store: answers are recorded where they are kept.")
        return
    with st.form("answer", width=620):
        st.markdown("**Record the answer** in this server’s copy of the data")
        said = st.radio(
            "Answer", list(ANSWERS), format_func=ANSWERS.__getitem__, horizontal=True, index=None
        )
        who = st.text_input("Who said so (role, not a private name)", max_chars=120)
        when = st.date_input("When", value=today, max_value=today)
        if st.form_submit_button("Record"):
            if said is None or not who.strip():
                st.warning("Choose an answer and say who gave it; nothing was recorded.")
                return
            try:
                record_answer(view.pack, str(chosen), view.procedure.slug, said, who.strip(), when)
            except (CareReachError, OSError) as error:
                st.warning(plain(f"Nothing was recorded: {error}."))
                return
            _address.tell(Problem(f"Recorded: {names[chosen]}, {ANSWERS[said].lower()}."))
            st.rerun()


def what_if(view: CoverageView, coverage: Coverage) -> None:
    """Places added or removed, and where the next ones would reach the most people."""
    st.caption("Choose “Add a place” above the map and click. It takes staff, not a pin on a map.")
    for number, (lat, lon) in enumerate(view.add):
        rest = points_text(view.add[:number] + view.add[number + 1 :])
        st.button(
            f"Remove the added place at {lat:g}, {lon:g}",
            key=f"unadd_{number}",
            on_click=change_coverage,
            kwargs={"add": rest},
        )
    assessed = _cached.assessed(view.pack, view.procedure.slug, coverage.supplied.assessed.today)
    supply = in_supply(assessed.rows, view.supply)
    if view.add or view.remove:
        st.button(
            "Back to today", on_click=change_coverage, kwargs={"add": "", "remove": "", "sites": ""}
        )
    if len(supply) <= MOST_REMOVABLE:
        every = view.pack.providers.set_index("provider_id")["name"]
        names = {i: every[i] for i in dict.fromkeys((*supply["provider_id"], *view.remove))}
        _address.show_value("w_cover_remove", list(view.remove))
        st.multiselect(
            "Without these places",
            list(names),
            key="w_cover_remove",
            format_func=names.__getitem__,
            on_change=lambda: change_coverage(remove=";".join(st.session_state["w_cover_remove"])),
        )
    _address.show_value("w_cover_sites", view.sites)
    st.segmented_control(
        "Where the next places would reach the most people",
        [0, 1, 2, 3, 4, 5],
        key="w_cover_sites",
        format_func=lambda k: "none" if not k else f"{k} more",
        on_change=lambda: change_coverage(sites=str(st.session_state["w_cover_sites"] or "")),
    )
    if view.sites:
        next_sites(view, coverage)


def next_sites(view: CoverageView, coverage: Coverage) -> None:
    """Where the next places would reach the most people, with a proof or a bound."""
    try:
        with st.spinner("Choosing places …"):
            candidates, sites = find_sites(coverage, view.sites)
    except CareReachError as error:  # minutes to places that were not measured yet
        st.warning(plain(str(error)))
        return
    if not len(sites.greedy):
        st.info("No place that lacks it would reach anybody more.")
        return
    upto = np.cumsum(sites.gains)
    lines = "".join(
        f"<tr><td>{n}. {escape(name)}</td><td>+{gain:,.0f}</td><td>{total:,.0f}</td></tr>"
        for n, (name, gain, total) in enumerate(
            zip(candidates["name"].iloc[sites.greedy], sites.gains, upto, strict=True), 1
        )
    )
    if sites.optimum_people is None:
        proof = f"No choice of {len(upto)} can reach more than {sites.bound:,.0f} people."
    elif sites.optimum is not None and sites.optimum_people > sites.people:
        best = ", ".join(candidates["name"].iloc[sites.optimum])
        proof = f"The best choice reaches {sites.optimum_people:,.0f}: {best}."
    else:
        proof = "No other choice of as many places reaches more people (proved)."
    st.html(
        '<table class="cr-table"><tr><th>Next place</th><th>Adds people</th>'
        f"<th>Together</th></tr>{lines}</table><p>{escape(proof)}</p>"
    )
    spots = candidates.iloc[sites.greedy]
    added = (*view.add, *zip(spots["lat"], spots["lon"], strict=True))[:MOST_ADDED]
    shown = {"add": points_text(added), "sites": ""}
    st.button("Show these on the map", on_click=change_coverage, kwargs=shown)


def brought_areas() -> Brought:
    """The areas of the file that is there now."""
    upload = st.session_state.get(UPLOAD)
    return Brought({}) if upload is None else _areas_in(upload.getvalue())


@st.cache_resource(show_spinner=False, max_entries=8)
def _areas_in(content: bytes) -> Brought:
    try:
        found = read_areas(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Brought({}, "This is not GeoJSON that can be read.")
    except CareReachError as error:
        return Brought({}, str(error))
    areas: dict[str, BaseGeometry] = {}
    for name, area in found:
        areas[name] = shapely.union(areas[name], area) if name in areas else area
    return Brought(areas)


def an_area(view: CoverageView, coverage: Coverage, brought: Brought) -> None:
    """The figures of areas that were uploaded, or of the one that was drawn."""
    st.caption("Choose “Draw an area” above the map and click its corners, or upload GeoJSON.")
    st.file_uploader("Areas as GeoJSON", type=["geojson", "json"], max_upload_size=5, key=UPLOAD)
    areas, drawn = dict(brought.areas), ""
    if brought.problem:
        st.warning(plain(brought.problem))
    elif len(view.area) >= 3 and not areas:
        drawn = shapely.to_geojson(shapely.Polygon([(lon, lat) for lat, lon in view.area]))
        try:
            areas = dict(read_areas(drawn))
        except CareReachError as error:  # its corners lie in one line
            st.warning(plain(str(error)))
    if view.area and brought.areas:
        st.caption("The map shows the file; take it away to see the area that you drew.")
    if len(areas) == 1:
        st.html(f"<p>{_area_text(coverage, *areas.values())}</p>")
    elif areas:
        shown = dict(list(areas.items())[:MOST_AREAS])
        shown["All of them together"] = shapely.union_all(list(areas.values()))
        _components.table(
            "Areas",
            ("Area", "People", f"Within {within_text(coverage)}", "Beyond", "Such places inside"),
            (
                _area_row(coverage.supply, name, area_coverage(coverage, area))
                for name, area in shown.items()
            ),
        )
        if len(areas) > MOST_AREAS:
            st.caption(f"The first {MOST_AREAS} of {len(areas):,} areas; all are in the last line.")
    with st.container(horizontal=True):
        if view.area:
            st.button("Clear the area", on_click=change_coverage, kwargs={"area": ""})
        if drawn:
            _components.download("Download the area", drawn, "area.geojson")


def _area_text(coverage: Coverage, area: BaseGeometry) -> str:
    part = area_coverage(coverage, area)
    left = "how many are not is not known"
    if part.beyond is not None:
        left = f"{part.beyond:,} are not"
    return (
        f"<strong>{part.population:,} people</strong> live in this area. "
        f"{escape(percent_text(part.share[coverage.supply]))} of them are within "
        f"{within_text(coverage)} ({escape(SUPPLY_PHRASES[coverage.supply])}), {left}. "
        f"Such places inside: {part.providers:,}."
    )


def _area_row(supply: str, name: str, part: AreaFigures) -> tuple[str, ...]:
    beyond = "not known" if part.beyond is None else f"{part.beyond:,}"
    share = percent_text(part.share[supply])
    return name, f"{part.population:,}", share, beyond, f"{part.providers:,}"


def download(view: CoverageView, coverage: Coverage, calls: pd.DataFrame) -> None:
    """The figures to take along, made when asked for."""
    name = f"carereach-coverage-{view.pack.name}-{view.procedure.slug}-"
    name += f"{coverage.within:g}{coverage.unit}"
    # Whole, so that a citation leads somewhere; the browser says where this page is.
    link = (st.context.url or "/coverage").partition("?")[0] + "?" + urlencode(view.address())
    drawn = coverage_map(coverage)
    files: tuple[tuple[str, str, Callable[[], str | bytes]], ...] = (
        ("Download CSV", ".csv", lambda: downloads.coverage_csv(coverage)),
        ("Download XLSX", ".xlsx", lambda: downloads.coverage_xlsx(coverage)),
        ("Download GeoJSON", ".geojson", lambda: downloads.coverage_geojson(coverage, view.level)),
        (
            "Download GeoParquet",
            ".parquet",
            lambda: downloads.coverage_geoparquet(coverage, view.level),
        ),
        (
            "Report for analysts",
            "-report.html",
            lambda: reports.analyst_report(coverage, view.level, calls, link, drawn),
        ),
        (
            "One page for decision makers",
            "-decision.html",
            lambda: reports.decision_report(coverage, calls, _next_places(coverage), drawn),
        ),
    )
    with st.container(horizontal=True, key="downloads"):
        for label, ending, make in files:
            _components.download(label, make, f"{name}{ending}")
        if any(name.startswith("areas_") for name in view.pack.files):
            _components.pictures(name, lambda: coverage_picture(coverage, drawn))
        _components.browser_button("print_summary", "Print this summary", "window.print();")
    st.html(handouts.summary_html(coverage, view.level, calls, link))


def _next_places(coverage: Coverage) -> tuple[pd.DataFrame, Sites] | None:
    """Where the next places would count most; None where minutes to them cannot be had."""
    try:
        return find_sites(coverage, NEXT_PLACES)
    except CareReachError:
        return None


def decay(coverage: Coverage) -> None:
    """How the share grows with the distance, for the four supplies."""
    frame = _asked.growth(coverage).rename(columns=SUPPLY_LABELS)
    frame = frame.assign(far=frame["far"] * shown(1, coverage.shown_unit))
    by = BY[coverage.measure.name]
    here_text = within_text(coverage)
    shares = ", ".join(f"{SUPPLY_LABELS[s]} {percent_text(coverage.share[s])}" for s in SUPPLIES)
    st.subheader("How many are within how far", anchor=False)
    # Marks and axes are silent: the description says it, and the tables have the figures.
    chart = (
        alt.Chart(
            frame.melt("far", var_name="Supply", value_name="share"),
            description=f"People within a distance {by}. At {here_text}: {shares}.",
            height=360,
        )
        .mark_line(aria=False)
        .encode(
            x=alt.X("far", title=f"{coverage.shown_unit} {by}"),
            y=alt.Y("share", title="% of people", scale=alt.Scale(domain=[0, 100])),
            strokeDash=alt.StrokeDash("Supply", sort=list(SUPPLY_LABELS.values()), legend=None),
            color=alt.Color(
                "Supply",
                title=None,
                sort=list(SUPPLY_LABELS.values()),
                scale=alt.Scale(range=["#7a8b87", "#2a9181", "#c1440e", "#8a6fb0"]),
                legend=alt.Legend(orient="top", columns=2, aria=False),
            ),
        )
    )
    threshold = pd.DataFrame({"far": [shown(coverage.within, coverage.shown_unit)]})
    here = alt.Chart(threshold).mark_rule(aria=False).encode(x="far")
    whole = (chart + here).configure_axis(aria=False)
    st.altair_chart(whole)
    with st.container(horizontal=True, key="downloads"):
        _components.pictures(
            f"carereach-{coverage.pack.name}-{coverage.procedure.slug}",
            lambda: chart_picture(
                coverage,
                whole.properties(width=CHART_PX[0], height=CHART_PX[1]).to_dict(),
                f"How many are within how far, {by}",
            ),
            "chart",
        )
