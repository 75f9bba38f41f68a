"""What a release should not hide: old and contrary statements, doubtful rows, overdue entries."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from geo.care.entry import Procedure
from geo.packs.dates import end_of_period, is_old, start_of_period
from geo.packs.pack import Pack
from geo.packs.quality import measure_quality


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found.

    Attributes
    ----------
    what
        In the plural, without their number.
    which
        Each of them: an id, or a pair of ids with a space between.
    blocks
        Whether it should hold up a release; else it is for the reader to know.
    """

    what: str
    which: tuple[str, ...]
    blocks: bool = False


def audit_pack(pack: Pack, today: dt.date) -> tuple[Finding, ...]:
    """Look through a pack, whose schema and keys `geo.packs.check` verifies.

    Parameters
    ----------
    pack
        Any pack.
    today
        The day of asking.

    Returns
    -------
    tuple of Finding
        Only what there is, what blocks first.
    """
    evidence, providers = pack.evidence, pack.providers
    subject = evidence[["procedure", "specialty", "service"]].bfill(axis=1).iloc[:, 0]
    about = evidence["provider_id"].astype(str) + " " + subject.astype(str)
    dates = evidence["as_of"].dropna().unique()
    old = evidence["as_of"].isin([date for date in dates if is_old(date, today)])
    ahead = evidence["as_of"].isin([date for date in dates if start_of_period(date) > today])
    rough = providers["location_precision"].isin(["locality", "postcode"])
    pairs = measure_quality(providers, evidence, today).duplicates
    sources = pack.sources.values()
    found = (
        Finding("statements dated after today", _some(about[ahead]), blocks=True),
        Finding("packs without a licence", () if pack.licenses else (pack.name,), blocks=True),
        Finding("statements more than three years old", _some(about[old])),
        Finding("statements without a date", _some(about[evidence["as_of"].isna()])),
        Finding("places said to do something and not to do it", _contrary(evidence, about)),
        Finding(
            "providers placed only in their town or postcode",
            _some(providers["provider_id"][rough]),
        ),
        Finding("pairs of providers that may be one", tuple(" ".join(pair) for pair in pairs)),
        Finding("sources without a licence", tuple(s.name for s in sources if not s.license)),
        Finding("sources without a date", tuple(s.name for s in sources if not s.as_of)),
    )
    return tuple(finding for finding in found if finding.which)


def audit_entries(library: Mapping[str, Procedure], today: dt.date) -> tuple[Finding, ...]:
    """Look through explainers.

    Parameters
    ----------
    library
        Slug to entry.
    today
        The day of asking; an entry is overdue when the month that it names is over.
    """
    ends = {slug: end_of_period(entry.next_review) for slug, entry in library.items()}
    overdue = [slug for slug, end in ends.items() if end is not None and end < today]
    unread = [slug for slug, entry in library.items() if entry.reviewed_by is None]
    found = (
        Finding("explainers past the month of their review", tuple(overdue), blocks=True),
        Finding("explainers that no clinician has read", tuple(unread)),
    )
    return tuple(finding for finding in found if finding.which)


def _contrary(evidence: pd.DataFrame, about: "pd.Series[str]") -> tuple[str, ...]:
    said = evidence["status"].groupby(about.to_numpy())
    both = said.agg(lambda words: {"offered", "not_offered"} <= set(words))
    return _some(pd.Series(both.index[both.astype(bool)]))


def _some(ids: "pd.Series[str]") -> tuple[str, ...]:
    return tuple(map(str, ids))
