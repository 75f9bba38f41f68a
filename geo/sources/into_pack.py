"""What readers bring, put into a pack: merged, placed in regions, checked, in place in one step.

The bundled packs are never touched: a change goes into the user's copy, and a new pack is the
user's own.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import CareReachError
from geo.packs.gazetteer import OUTSIDE_KM, outside_km
from geo.packs.pack import pack_folder, read_descriptor
from geo.packs.schema import COLUMNS
from geo.packs.store import change_pack, pack_land, region_ids, write_descriptor, write_table
from geo.packs.tables import read_table
from geo.progress import Progress, Step, silent
from geo.sources.batch import Batch, Note, Report
from geo.sources.merge import Decision, merge_places, merge_providers
from geo.sources.new_pack import NewPack, begin_pack, settle_pack

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
        whole = Report.together(self.reports)
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
    reports: list[Report] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    lost: int = 0

    def add_evidence(self, evidence: pd.DataFrame, id_of: Mapping[str, str]) -> None:
        """Statements under the ids that providers have in the pack, each once."""
        if evidence.empty:
            return
        ids = evidence["provider_id"].map(lambda i: id_of.get(i, i)).astype(str)
        new = evidence.assign(provider_id=ids)
        known = new["provider_id"].isin(self.providers["provider_id"])
        self.lost += int((~known).sum())
        new = _everywhere(new[known], self.providers)
        # The same source on the same thing and time: the newer import says it anew.
        said = set(zip(*(new[c].fillna("") for c in _SAID_ONCE), strict=True))
        old = self.evidence
        again = [key in said for key in zip(*(old[c].fillna("") for c in _SAID_ONCE), strict=True)]
        old = old[~np.array(again, bool)] if len(old) else old
        whole = pd.concat([old, new] if len(old) else [new], ignore_index=True)
        whole = whole.drop_duplicates(list(COLUMNS["evidence"]))
        self.evidence = whole.reset_index(drop=True)


def name_problem(name: str) -> str:
    """Why a pack cannot be called so, in one sentence; "" where it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"A pack cannot be called {name!r}: use small letters, digits and hyphens, 40 at most."


def import_into(
    name: str,
    batches: Sequence[Batch],
    new: NewPack | None = None,
    *,
    dry_run: bool = False,
    progress: Progress = silent,
) -> Imported:
    """Put what readers made of files into a pack, all or nothing.

    Parameters
    ----------
    name
        The pack; made where there is none.
    batches
        What was read, the most trusted source first; not changed.
    new
        For a pack that does not exist yet.
    dry_run
        Do everything but put it in place.
    progress
        Told each stage.

    Raises
    ------
    CareReachError
        If the name cannot be one, nothing was read, or the base is not known.
    DataError
        If the changed pack does not keep the contract; then nothing has changed.
    """
    problem = name_problem(name)
    if problem:
        raise CareReachError(problem)
    work = _Import(name, batches, new or NewPack(), progress)
    titles = dict.fromkeys(origin.title for batch in batches for origin in batch.origins)
    what = f"Import: {', '.join(titles)}"
    done = change_pack(name, work.change, what, begin=work.begin, dry_run=dry_run)
    progress(Step("Done", 1, 1))
    return done if dry_run else replace(done, folder=pack_folder(name))


class _Import:
    """One import, as a change of a staged pack."""

    def __init__(
        self, name: str, batches: Sequence[Batch], new: NewPack, progress: Progress
    ) -> None:
        self._name, self._batches, self._new, self._progress = name, batches, new, progress
        self._is_new = False

    def begin(self, folder: Path) -> None:
        """Fill the folder of a pack that does not exist yet."""
        if not sum(len(b.providers) for b in self._batches):
            raise CareReachError(
                f"There is no pack called {self._name!r}, and nothing was read to make one of."
            )
        begin_pack(folder, self._batches, self._new)
        self._is_new = True

    def change(self, folder: Path) -> Imported:
        """Merge every batch into the pack's tables and write them, to be let go of then."""
        self._progress(Step("Comparing with what is known", 0.2, 1))
        tables = _grown(folder, self._batches)
        self._progress(Step("Writing", 0.6, 1))
        _write(folder, tables, self._batches)
        if self._is_new:
            settle_pack(folder, tables.providers, tables.evidence, tables.places)
        self._progress(Step("Drawing and checking", 0.75, 1))
        return Imported(
            pack=self._name,
            reports=tuple(tables.reports),
            decisions=tuple(tables.decisions),
            providers=len(tables.providers),
            evidence=len(tables.evidence),
            lost_evidence=tables.lost,
        )


def _grown(folder: Path, batches: Sequence[Batch]) -> _Tables:
    """The pack's tables with everything merged in."""
    about = read_descriptor(folder)
    tables = _Tables(
        providers=read_table(folder, about, "providers"),
        evidence=read_table(folder, about, "evidence"),
        places=read_table(folder, about, "places"),
    )
    land = pack_land(folder)
    known = set(read_table(folder, about, "regions")["region_id"])
    for batch in batches:
        report = batch.report.copy()
        inside = _inside(land, batch.providers, report)
        lost = ~inside["region_id"].isin(known)
        inside = inside.assign(region_id=inside["region_id"].mask(lost))
        merged = merge_providers(tables.providers, inside, adds_places=batch.adds_places)
        report.kept -= len(merged.decisions) + len(merged.repeated)
        report.count("merged", "the file names it twice", len(merged.repeated))
        report.count("merged", "known already from another source", len(merged.decisions))
        tables.reports.append(report)
        tables.decisions += [*merged.repeated, *merged.decisions]
        tables.providers = merged.providers
        tables.add_evidence(batch.evidence, merged.id_of)
        near = [
            land is None or outside_km(land, lat, lon) <= OUTSIDE_KM
            for lat, lon in zip(batch.places["lat"], batch.places["lon"], strict=True)
        ]
        tables.places = merge_places(tables.places, batch.places[np.array(near, bool)])
    tables.providers["region_id"] = region_ids(folder, tables.providers)
    return tables


def _inside(land: BaseGeometry | None, frame: pd.DataFrame, report: Report) -> pd.DataFrame:
    """The rows that do not lie far from the pack's land; the report names the others."""
    if land is None or frame.empty:
        return frame
    out = ~shapely.intersects_xy(land, frame["lon"], frame["lat"])
    away = np.zeros(len(frame), bool)
    ids, lats, lons = (frame[c].to_list() for c in ("provider_id", "lat", "lon"))
    for i in np.flatnonzero(out):
        away[i] = outside_km(land, lats[i], lons[i]) > OUTSIDE_KM
        if away[i]:
            why = f"lies more than {OUTSIDE_KM:.0f} km outside the pack's area"
            report.note("dropped", why, value=ids[i])
    report.kept -= int(away.sum())
    return frame[~away]


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


def _write(folder: Path, tables: _Tables, batches: Sequence[Batch]) -> None:
    for name in ("providers", "evidence", "places"):
        frame = getattr(tables, name)
        if len(frame):
            write_table(folder, name, frame)
    about = read_descriptor(folder)
    origins = {o.name: o for one in batches for o in one.origins}
    kept = [s for s in about.get("sources", []) if s["name"] not in origins]
    about["sources"] = kept + [o.entry() for o in origins.values()]
    publishers = about.setdefault("publishers", {})
    for one in batches:
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
