"""What readers bring, put into a pack: merged, placed in regions, checked, in place in one step.

The bundled packs are never touched: a change goes into the user's copy, and a new pack is the
user's own.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.edits import change_pack, pack_land, region_ids, write_descriptor, write_table
from geo.errors import CareReachError
from geo.find import OUTSIDE_KM
from geo.new_packs import NewPack, begin_pack, settle_pack
from geo.packs import (
    pack_folder,
    read_descriptor,
    read_table,
)
from geo.places import outside_km
from geo.schema import EVIDENCE
from geo.sources.brought import Brought, Note, Report
from geo.sources.merge import Decision, merge_places, merge_providers

__all__ = ["Imported", "Progress", "import_into", "name_problem"]

Progress = Callable[[str, float], None]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Two statements that have these in common are one, said again.
_SAID_ONCE = ("provider_id", "procedure", "specialty", "service", "url", "as_of", "source_kind")


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do.

    Attributes
    ----------
    pack
        The pack's name.
    reports
        One for each source, in order.
    decisions
        Rows that were taken for one provider.
    providers, evidence
        How many rows the pack has now.
    folder
        Where it lies; None after a dry run.
    """

    pack: str
    reports: tuple[Report, ...]
    decisions: tuple[Decision, ...]
    providers: int
    evidence: int
    folder: Path | None = None
    lost_evidence: int = 0

    def lines(self) -> list[str]:
        """The report in sentences."""
        said = [line for report in self.reports for line in report.lines()]
        if self.lost_evidence:
            said.append(f"{self.lost_evidence:,} statements are about nobody in the pack.")
        said.append(
            f"The pack {self.pack} has {self.providers:,} providers and "
            f"{self.evidence:,} statements."
        )
        return said

    def csv(self) -> str:
        """Row by row, the decisions on same providers included."""
        whole = Report()
        for report in self.reports:
            whole.notes += report.notes
            whole.counts += report.counts
        # The reports count these already.
        whole.notes += [
            Note("", None, "merged", d.reason, d.kept, d.merged) for d in self.decisions
        ]
        return whole.csv()


@dataclass
class _Tables:
    """A pack's tables while they grow."""

    providers: pd.DataFrame
    evidence: pd.DataFrame
    places: pd.DataFrame
    decisions: list[Decision] = field(default_factory=list)
    lost: int = 0


def name_problem(name: str) -> str:
    """Why a pack cannot be called so, in one sentence; "" where it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"A pack cannot be called {name!r}: use small letters, digits and hyphens, 40 at most."


def import_into(
    name: str,
    brought: Sequence[Brought],
    new: NewPack | None = None,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Put what readers brought into a pack, all or nothing.

    Parameters
    ----------
    name
        The pack; made where there is none.
    brought
        What was read, the most trusted source first.
    new
        For a pack that does not exist yet.
    dry_run
        Do everything but put it in place.
    progress
        Called with words and a share of the work done.

    Raises
    ------
    CareReachError
        If the name cannot be one, nothing was brought, or the base is not known.
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    problem = name_problem(name)
    if problem:
        raise CareReachError(problem)
    say = progress or (lambda words, share: None)
    found: list[_Tables] = []
    made: list[bool] = []

    def begin(folder: Path) -> None:
        if not sum(len(b.providers) for b in brought):
            raise CareReachError(
                f"There is no pack called {name!r}, and nothing was read to make one of."
            )
        begin_pack(folder, brought, new or NewPack())
        made.append(True)

    def change(folder: Path) -> None:
        say("Comparing with what is known", 0.2)
        found.append(_grown(folder, brought))
        say("Writing", 0.6)
        _write(folder, found[0], brought)
        if made:
            settle_pack(folder, found[0].providers, found[0].evidence, found[0].places)
        say("Drawing and checking", 0.75)

    change_pack(name, change, begin=begin, dry_run=dry_run)
    say("Done", 1.0)
    tables = found[0]
    return Imported(
        pack=name,
        reports=tuple(b.report for b in brought),
        decisions=tuple(tables.decisions),
        providers=len(tables.providers),
        evidence=len(tables.evidence),
        folder=None if dry_run else pack_folder(name),
        lost_evidence=tables.lost,
    )


def _grown(folder: Path, brought: Sequence[Brought]) -> _Tables:
    """The pack's tables with everything merged in."""
    about = read_descriptor(folder)
    tables = _Tables(
        providers=read_table(folder, about, "providers"),
        evidence=read_table(folder, about, "evidence"),
        places=read_table(folder, about, "places"),
    )
    land = pack_land(folder)
    known = set(read_table(folder, about, "regions")["region_id"])
    for one in brought:
        inside = _inside(land, one)
        lost = ~inside["region_id"].isin(known)
        inside = inside.assign(region_id=inside["region_id"].mask(lost))
        merged = merge_providers(tables.providers, inside, adds_places=one.adds_places)
        one.report.kept -= len(merged.decisions)
        one.report.count("merged", "known already from another source", len(merged.decisions))
        tables.decisions += merged.decisions
        tables.providers = merged.providers
        tables.evidence = _with_evidence(tables, one, merged.id_of)
        near = [
            land is None or outside_km(land, lat, lon) <= OUTSIDE_KM
            for lat, lon in zip(one.places["lat"], one.places["lon"], strict=True)
        ]
        tables.places = merge_places(tables.places, one.places[np.array(near, bool)])
    tables.providers["region_id"] = region_ids(folder, tables.providers)
    return tables


def _inside(land: BaseGeometry | None, one: Brought) -> pd.DataFrame:
    """The rows that do not lie far from the pack's land."""
    frame = one.providers
    if land is None or frame.empty:
        return frame
    out = ~shapely.intersects_xy(land, frame["lon"], frame["lat"])
    away = np.zeros(len(frame), bool)
    ids, lats, lons = (frame[c].to_list() for c in ("provider_id", "lat", "lon"))
    for i in np.flatnonzero(out):
        away[i] = outside_km(land, lats[i], lons[i]) > OUTSIDE_KM
        if away[i]:
            why = f"lies more than {OUTSIDE_KM:.0f} km outside the pack's area"
            one.report.note("dropped", why, value=ids[i])
    one.report.kept -= int(away.sum())
    return frame[~away]


def _with_evidence(tables: _Tables, one: Brought, id_of: Mapping[str, str]) -> pd.DataFrame:
    """Statements under the ids that providers have in the pack, each once."""
    new = one.evidence.copy()
    if new.empty:
        return tables.evidence
    new["provider_id"] = new["provider_id"].map(lambda i: id_of.get(i, i)).astype(str)
    known = new["provider_id"].isin(tables.providers["provider_id"])
    tables.lost += int((~known).sum())
    new = _everywhere(new[known], tables.providers)
    old = tables.evidence
    # The same source on the same thing and time: the newer import says it anew.
    said = set(zip(*(new[c].fillna("") for c in _SAID_ONCE), strict=True))
    again = [key in said for key in zip(*(old[c].fillna("") for c in _SAID_ONCE), strict=True)]
    old = old[~np.array(again, bool)] if len(old) else old
    both = [old, new] if len(old) else [new]
    whole = pd.concat(both, ignore_index=True)
    return whole.drop_duplicates(list(EVIDENCE.columns)).reset_index(drop=True)


def _everywhere(evidence: pd.DataFrame, providers: pd.DataFrame) -> pd.DataFrame:
    """What is said of a clinician holds wherever they work: each place with their NPI has it."""
    npi = providers.set_index("provider_id")["npi"].dropna()
    places = npi.reset_index().groupby("npi")["provider_id"].agg(list)
    every = [places[npi[i]] if i in npi.index else [i] for i in evidence["provider_id"]]
    return (
        evidence.assign(provider_id=pd.Series(every, index=evidence.index))
        .explode("provider_id")
        .reset_index(drop=True)
    )


def _write(folder: Path, tables: _Tables, brought: Sequence[Brought]) -> None:
    for name in ("providers", "evidence", "places"):
        frame = getattr(tables, name)
        if len(frame):
            write_table(folder, name, frame)
    about = read_descriptor(folder)
    origins = {o.name: o for one in brought for o in one.origins}
    kept = [s for s in about.get("sources", []) if s["name"] not in origins]
    about["sources"] = kept + [o.entry() for o in origins.values()]
    publishers = about.setdefault("publishers", {})
    for one in brought:
        publishers |= one.publishers
        for url in one.evidence["url"].dropna():
            # Who publishes there is not known: the host itself.
            host = (urlsplit(url).hostname or "").removeprefix("www.")
            if host and not any(f".{host}".endswith(f".{k.split('/')[0]}") for k in publishers):
                publishers[host] = host
    titles = {entry["title"] for entry in about.setdefault("licenses", [])}
    about["licenses"] += [
        {"title": f"{o.title}: {o.license}"}
        for o in origins.values()
        if o.license and f"{o.title}: {o.license}" not in titles
    ]
    if "providers" in about.get("totals", {}):
        about["totals"]["providers"] = len(tables.providers)
    write_descriptor(folder, about)
