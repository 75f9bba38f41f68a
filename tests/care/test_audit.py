"""What an audit finds, and what makes it fail."""

import dataclasses
import datetime as dt

import pandas as pd
import pytest

from geo.care.audit import Finding, audit_entries, audit_pack
from geo.care.entry import Procedure
from geo.packs.pack import Pack
from tests.command import run
from tests.conftest import TODAY


def found(findings: tuple[Finding, ...], what: str) -> tuple[str, ...]:
    return next((f.which for f in findings if what in f.what), ())


def with_evidence(pack: Pack, **columns: str | None) -> Pack:
    """A pack whose first statement says something else."""
    first = pack.evidence.head(1).assign(**columns)
    return dataclasses.replace(
        pack, evidence=pd.concat([first, pack.evidence.iloc[1:]], ignore_index=True)
    )


@pytest.mark.parametrize(
    ("as_of", "what", "blocks"),
    [
        ("2027", "after today", True),
        ("2026-12", "after today", True),
        ("2026-11", "after today", None),
        ("2022", "three years old", False),
        (None, "without a date", False),
    ],
)
def test_dates_of_statements(bhutan: Pack, as_of: str | None, what: str, blocks: object) -> None:
    findings = audit_pack(with_evidence(bhutan, as_of=as_of, procedure="x"), TODAY)
    first = f"{bhutan.evidence['provider_id'][0]} x"
    assert (first in found(findings, what)) == (blocks is not None)
    if blocks is not None:
        assert next(f.blocks for f in findings if what in f.what) is blocks


def test_a_place_that_does_and_does_not(bhutan: Pack) -> None:
    before = found(audit_pack(bhutan, TODAY), "not to do it")
    one = bhutan.evidence[bhutan.evidence["status"] == "offered"].head(1)
    other = one.assign(status="not_offered")
    pack = dataclasses.replace(
        bhutan, evidence=pd.concat([bhutan.evidence, other], ignore_index=True)
    )
    assert len(found(audit_pack(pack, TODAY), "not to do it")) == len(before) + 1


def test_a_pack_without_a_licence(bhutan: Pack) -> None:
    assert found(audit_pack(dataclasses.replace(bhutan, licenses=()), TODAY), "packs without") == (
        "bhutan",
    )


def test_explainers_past_their_review(library: dict[str, Procedure]) -> None:
    assert found(audit_entries(library, dt.date(2027, 11, 30)), "past") == ()
    assert set(found(audit_entries(library, dt.date(2027, 12, 1)), "past")) == set(library)


def test_the_command_says_what_it_found_and_fails_on_what_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "geo.cli.maintenance.audit_entries", lambda library, _: audit_entries(library, TODAY)
    )
    done = run("audit", "bhutan")
    assert done.returncode == 0, done.stdout
    assert "BLOCKS" not in done.stdout
    assert "explainers that no clinician has read" in done.stdout
    late = (Finding("explainers past the month of their review", ("x",), blocks=True),)
    monkeypatch.setattr("geo.cli.maintenance.audit_entries", lambda *_: late)
    done = run("audit", "bhutan")
    assert done.returncode == 3
    assert (
        "explainers: BLOCKS A RELEASE: explainers past the month of their review: 1 (x)"
        in done.stdout
    )
