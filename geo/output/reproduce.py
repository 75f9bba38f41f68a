"""How to get the same figures again: as a command, as Python, and as a paragraph on methods."""

import shlex

from geo.coverage.coverage import Coverage
from geo.output.answer_text import BY
from geo.output.coverage_text import SUPPLY_PHRASES, within_text
from geo.output.downloads import limits_of
from geo.version import __version__

#: What the methods rest on.
REFERENCES = {
    "geodesic": "Karney CFF (2013), Algorithms for geodesics, J Geod 87:43-55.",
    "e2sfca": "Luo W, Qi Y (2009), An enhanced two-step floating catchment area method, Health & "
    "Place 15:1100-1107.",
    "tobler": "Tobler W (1993), Three presentations on geographical analysis and modeling, NCGIA "
    "technical report 93-1.",
}


def as_command(coverage: Coverage, level: int) -> str:
    """The command that prints the same figures; what is supposed is not part of it."""
    pack = coverage.pack
    words = ["carereach", "coverage", "--procedure", coverage.procedure.slug, "--pack", pack.name]
    words += [f"--within-{coverage.unit}", f"{coverage.within:.10g}"]
    words += ["--measure", coverage.measure.name, "--supply", coverage.supply]
    if pack.people:
        words += ["--people", pack.people]
    return shlex.join([*words, "--level", str(level), "--format", "json"])


def as_python(coverage: Coverage) -> str:
    """The same in Python; what is supposed is not part of it."""
    pack, today = coverage.pack, coverage.supplied.assessed.today
    opened = f"geo.open_pack({pack.name!r})"
    if pack.people:
        opened = f"geo.count_by({opened}, {pack.people!r})"
    return "\n".join(
        [
            "import datetime as dt",
            "",
            "import geo",
            "",
            f"pack = {opened}",
            "coverage = geo.measure_coverage(",
            f"    pack, {coverage.procedure.slug!r}, {coverage.within:.10g},",
            f"    measure={coverage.measure.name!r}, supply={coverage.supply!r},",
            f"    today=dt.date({today.year}, {today.month}, {today.day}),",
            ")",
            f"assert pack.hash == {pack.hash!r}  # the very data",
            "coverage.share, coverage.people_beyond",
        ]
    )


def methods_text(coverage: Coverage) -> str:
    """What was done, in a paragraph for a paper, with what it rests on and cannot tell."""
    pack, assessed = coverage.pack, coverage.supplied.assessed
    people = pack.grids[pack.people].title if pack.people else "the pack’s own points"
    by, slopes = coverage.measure.name, bool(pack.terrain.get("slopes"))
    how = {
        "straight": "geodesic distances on the WGS84 ellipsoid (1)",
        "road": "shortest paths over published road distances, with an access leg at either end of "
        "the straight line times the detour measured from those statements",
        "drive": "free-flow times of Valhalla on OpenStreetMap’s roads",
        "walk": "walking times of Valhalla on OpenStreetMap’s roads",
        "terrain": "least-cost times over a friction surface with 16 neighbours"
        + (", slowed uphill by Tobler’s hiking function (1) where one walks" if slopes else "")
        + f": {pack.terrain.get('title', '')}. {pack.terrain.get('note', '')}",
    }[by]
    reference = {"straight": "geodesic", "terrain": "tobler" if slopes else None}.get(by)
    said = [
        f"Coverage of {assessed.procedure.in_a_sentence} was computed with CareReach {__version__} "
        f"on {assessed.today:%d %B %Y} from the data “{pack.title}”, version {pack.version} "
        f"(SHA-256 of its descriptor {pack.hash}).",
        f"Places counted: {SUPPLY_PHRASES[coverage.supply]}, "
        f"{coverage.providers[coverage.supply]:,} in all; a place counts by what public sources "
        "say of it, with the statement, its source and its date.",
        f"People: {coverage.population:,}, at {len(pack.demand):,} points ({people}).",
        f"People count as covered within {within_text(coverage)} {BY[by]} of a place, by {how}.",
        "Regions’ scores are enhanced two-step floating catchments "
        f"({2 if reference else 1}) with zones of a third of the threshold, weights 1, 0.68 and "
        "0.22, and each place counted as 1.",
        "Limits: " + " ".join(limits_of(coverage)),
        "Sources: "
        + "; ".join(
            f"{source.title} ({source.as_of or 'no date'})" for source in pack.sources.values()
        )
        + ".",
    ]
    used = [REFERENCES[reference]] if reference else []
    used.append(REFERENCES["e2sfca"])
    said.append(" ".join(f"({n}) {text}" for n, text in enumerate(used, 1)))
    return "\n\n".join(said)
