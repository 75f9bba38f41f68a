"""More on Coverage: who is counted and where they are taken to live, and how unequal access is."""

import pandas as pd
import streamlit as st

from geo.coverage.catchments import METHODS
from geo.coverage.coverage import Coverage
from geo.coverage.inequality import measure_inequality
from geo.coverage.placement import placed_total, placement_shares
from geo.errors import CareReachError
from geo.output.capacity_text import capacity_cells, capacity_lines
from geo.output.coverage_text import percent_text, within_text
from geo.output.inequality_text import inequality_lines
from geo.output.reproduce import as_command, as_python, methods_text
from geo.packs.people import OWN, OWN_TITLE
from geo.text import escape
from pages import _address, _asked, _components
from pages._address import CoverageView, change_coverage
from pages._components import plain

#: Regions of the largest differences that are listed.
MOST_ROWS = 12
#: What stands in the box at first: a round number, of no source.
PER_BED = 500


def people(view: CoverageView, coverage: Coverage) -> None:
    """Whom the figures count, and what they would be if others placed the same people."""
    pack = view.pack
    if not pack.grids:
        st.html(
            f'<p class="cr-note">People are counted at the pack’s {len(pack.demand):,} points. '
            "To see how much the figures depend on where people are taken to live, add a grid: "
            f"“carereach import people FILE.tif --pack {escape(pack.name)}”.</p>"
        )
        return
    has_own = pack.own_demand is not None or not pack.people
    now = pack.people or OWN
    _address.show_value("w_cover_people", now)
    st.selectbox(
        "Who is counted",
        [*([OWN] if has_own else []), *pack.grids],
        key="w_cover_people",
        format_func=lambda name: _title(view, name),
        on_change=lambda: change_coverage(people=_named(st.session_state["w_cover_people"])),
        width=520,
    )
    if now in pack.grids:
        st.html(f'<p class="cr-note">{escape(pack.grids[now].note)}</p>')
    others = placed_total(coverage)
    if not others:
        return
    share = percent_text(coverage.share[coverage.supply])
    rows = [(f"{_title(view, now)} (counted)", f"{coverage.population:,}", share)]
    rows += [(title, f"{n:,.0f}", percent_text(part)) for title, n, part in others]
    _components.table(
        "Where people live", ("According to", "People", f"Within {within_text(coverage)}"), rows
    )
    _regions(view, coverage, [title for title, *_ in others])


def _named(people: str) -> str:
    """What an address says of them: nothing of those that are counted anyway."""
    return "" if people == OWN else people


def _title(view: CoverageView, name: str) -> str:
    """An account of people, as a reader knows it."""
    grid = view.pack.grids.get(name)
    if grid is None:
        return OWN_TITLE
    return f"{grid.title}: {grid.group}" if grid.group else grid.title


def _regions(view: CoverageView, coverage: Coverage, titles: list[str]) -> None:
    """Where it matters most who places the people."""
    table = placement_shares(coverage)
    table = table[(table["level"] == view.level) & table["spread"].notna()]
    if table.empty:
        return
    first = table.iloc[0]
    st.html(
        f"<p>It matters most in <strong>{escape(first['name'])}</strong>: the share within "
        f"{within_text(coverage)} differs by {100 * first['spread']:.0f} percentage points.</p>"
    )
    shares = ["share", *(f"share_{n}" for n in range(1, len(titles) + 1))]
    _components.table(
        "Regions by placement",
        (view.pack.level_names.get(view.level, "Region"), "Counted", *titles, "Difference"),
        (
            (
                str(row["name"]),
                *(percent_text(float(row[column])) for column in shares),
                f"{100 * row['spread']:.0f} points",
            )
            for _, row in table.head(MOST_ROWS).iterrows()
        ),
    )


def inequality(view: CoverageView, coverage: Coverage) -> None:
    """How unequally access is spread, each figure with what it means."""
    columns = _rankings(view)
    ranked = None
    if columns:
        chosen = st.selectbox(
            "From poor to rich by", ["", *columns], format_func=lambda c: c or "no ranking",
            key="w_cover_rank", width=320,
        )  # fmt: skip
        if chosen:
            ranked = columns[chosen]
    try:
        found = measure_inequality(coverage, view.level, ranked)
    except CareReachError as error:
        st.info(plain(str(error)))
        return
    lines = "".join(f"<li>{escape(line)}</li>" for line in inequality_lines(coverage, found))
    st.html(f'<ul class="cr-lines">{lines}</ul>')
    if not columns:
        st.html(
            '<p class="cr-note">A column of numbers in the pack’s regions, such as income, would '
            "rank them here; on the command line a file does: “carereach inequality --rank FILE”."
            "</p>"
        )


def _rankings(view: CoverageView) -> "dict[str, pd.Series[float]]":
    """Columns of numbers that the pack's regions have beyond the contract."""
    regions = view.pack.regions
    known = {
        *("region_id", "name", "also_known_as", "level", "parent_id", "population", "boundary")
    }
    found = {}
    for column in regions.columns:
        if column in known:
            continue
        numbers = pd.to_numeric(regions[column], errors="coerce")
        if numbers.notna().sum() > 1:
            found[str(column)] = pd.Series(
                numbers.to_numpy(float), index=regions["region_id"], name=column
            ).dropna()
    return found


def capacity(view: CoverageView, coverage: Coverage) -> None:
    """Who is served when the nearest place is full."""
    if _asked.beds(view.pack).empty:
        st.html(
            '<p class="cr-note">No capacity is known in these data. On the command line a table of '
            "it is taken: “carereach capacity --amounts FILE --per-unit PEOPLE”.</p>"
        )
        return
    per_unit = st.number_input(
        "People one bed is enough for",
        min_value=1,
        max_value=1_000_000,
        value=PER_BED,
        step=100,
        key="w_cover_per_unit",
        width=320,
    )
    try:
        found = _asked.capacity(coverage, float(per_unit))
    except CareReachError as error:
        st.info(plain(str(error)))
        return
    lines = "".join(f"<li>{escape(line)}</li>" for line in capacity_lines(coverage, found, "beds"))
    st.html(
        f'<ul class="cr-lines">{lines}</ul><p class="cr-note">How many people one bed is enough '
        "for is a planner’s choice; the number in the box at first has no source.</p>"
    )
    head, *rows = capacity_cells(found, view.level, MOST_ROWS)
    _components.table("Capacity by region", [*head[:5], *map(str.upper, head[5:])], rows)
    titles = "; ".join(f"{name.upper()}: {method.title}" for name, method in METHODS.items())
    st.html(
        '<p class="cr-note">The last columns are beds within reach for 100,000 people, by six '
        f"floating catchment methods. {escape(titles)}.</p>"
    )


def methods(view: CoverageView, coverage: Coverage) -> None:
    """The same figures again, elsewhere: a command, Python, and a paragraph for a paper."""
    if coverage.supplied.supposed:
        st.caption("What is supposed on this page is part of its address, and not of what follows.")
    # Without colours: those of its letters are too pale to read.
    st.markdown("**As a command**")
    st.code(as_command(coverage, view.level), language=None, wrap_lines=True)
    st.markdown("**As Python**")
    st.code(as_python(coverage), language=None, wrap_lines=True)
    st.markdown("**Methods, for a paper**")
    st.code(methods_text(coverage), language=None, wrap_lines=True)
