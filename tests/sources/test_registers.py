"""The registers of the United States: every row kept, merged or dropped, with its reason."""

import csv
import datetime as dt
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

from geo.care.assessment import assess
from geo.errors import CareReachError, DataError
from geo.packs.postcodes import us_zip
from geo.sources import nppes
from geo.sources.cms import read_clinicians, read_volumes, service_clinicians, service_volumes
from geo.sources.nppes import fetch_nppes, read_nppes
from geo.sources.service import Service
from geo.sources.us_register import is_npi
from tests.conftest import ROOT, entry

SHARED = ROOT.parent / "shared" / "data" / "us"
DAY = "2026-11-22"
MOHS = {"mohs": ["17311", "17312", "17313", "17314", "17315"]}
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")


def npi(number: int) -> str:
    """An NPI with its check digit."""
    return next(f"{number:09d}{d}" for d in range(10) if is_npi(f"{number:09d}{d}"))


def bulk_row(number: int, **cells: Any) -> dict[str, str]:
    """One row in the layout of the bulk file, made up."""
    plain = {
        "NPI": npi(number),
        "Entity Type Code": "1",
        "Provider Last Name (Legal Name)": f"DOE{number}",
        "Provider First Name": "JO",
        "Provider First Line Business Practice Location Address": "1 MAIN ST",
        "Provider Business Practice Location Address City Name": "PORTLAND",
        "Provider Business Practice Location Address State Name": "ME",
        "Provider Business Practice Location Address Postal Code": "041011234",
        "Provider Business Practice Location Address Telephone Number": "2075550123",
        "Healthcare Provider Taxonomy Code_1": "208000000X",
        "Healthcare Provider Taxonomy Code_2": "207L00000X",
        "Healthcare Provider Primary Taxonomy Switch_2": "Y",
    }
    return {**dict.fromkeys(HEADER, ""), **plain, **cells}


HEADER = [*nppes._COLUMNS.values(), "Provider Sex Code"]
HEADER += [
    f"Healthcare Provider {what}_{n}"
    for n in range(1, 16)
    for what in ("Taxonomy Code", "Primary Taxonomy Switch")
]


def bulk(path: Path, rows: list[dict[str, str]], old: bool = False) -> Path:
    names = {"Provider Sex Code": "Provider Gender Code"} if old else {}
    with path.open("w", newline="") as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL)
        table.writerow([names.get(c, c) for c in HEADER])
        table.writerows([[row[c] for c in HEADER] for row in rows])
    return path


def test_the_check_digit_of_an_npi() -> None:
    # The example of the standard: 123456789 has the check digit 3.
    assert is_npi("1234567893")
    assert not is_npi("1234567890")
    assert not is_npi("123456789")


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_both_layouts_of_the_bulk_file_plain_and_packed(
    tmp_path: Path, old: bool, packed: bool
) -> None:
    place = "Provider Business Practice Location Address"
    rows = [
        bulk_row(100000001, **{"Provider Sex Code": "F"}),
        bulk_row(100000002, **{"NPI Deactivation Date": "01/02/2020"}),
        bulk_row(100000003, **{f"{place} Postal Code": "4101.0"}),
        bulk_row(100000004, **{f"{place} State Name": "NH"}),
        bulk_row(100000005, **{f"{place} Postal Code": "410112", f"{place} City Name": "NOWHERE"}),
        bulk_row(100000006, NPI="1234567890"),
        bulk_row(100000001),
        bulk_row(
            100000007,
            **{"NPI Deactivation Date": "01/02/2020", "NPI Reactivation Date": "02/02/2020"},
        ),
    ]
    path = bulk(tmp_path / "npidata_pfile_20260101-20260107.csv", rows, old)
    if packed:
        plain, path = path, tmp_path / "NPPES_V2.zip"
        with zipfile.ZipFile(path, "w") as out:
            out.write(plain, plain.name)
            out.writestr("npidata_pfile_20260101_fileheader.csv", "NPI\n")
            out.writestr("othername_pfile.csv", "NPI\n")
    found = read_nppes(path, DAY, states=["me"])
    assert found.report.adds_up
    assert found.report.kept == 3
    assert found.report.total("merged") == 1
    counts = {why: n for (did, why), n in found.report.counts.items() if did == "dropped"}
    assert counts == {
        "the NPI was deactivated": 1,
        "not in ME": 1,
        "neither its ZIP code nor its town is known": 1,
        "the NPI is not one": 1,
    }
    first = found.providers.iloc[0]
    assert first["gender"] == "female"
    assert first["specialties"] == ["anaesthesiology", "paediatrics"]  # the primary one first
    assert first["location_precision"] == "postcode"
    assert first["phone"] == "+12075550123"
    assert {n.row for n in found.report.notes if n.action == "dropped"} == {3, 6, 7}
    assert "04101" in set(found.places["name"])


def test_a_taxonomy_is_a_filter(tmp_path: Path) -> None:
    rows = [bulk_row(100000001), bulk_row(100000002, **{"Healthcare Provider Taxonomy Code_2": ""})]
    path = bulk(tmp_path / "npi.csv", rows)
    assert read_nppes(path, DAY, taxonomies=["207L"]).report.kept == 1


def test_a_file_of_another_kind_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("NPI,name\n1,a\n")
    with pytest.raises(DataError, match="the column is missing"):
        read_nppes(path, DAY)
    path.write_text("name\na\n")
    with pytest.raises(DataError, match="npi"):
        read_clinicians(path, DAY)
    with pytest.raises(DataError, match="rndrng_npi"):
        read_volumes(path, DAY, 2021, MOHS)


def test_volumes_are_a_lower_bound_and_say_their_year(tmp_path: Path) -> None:
    header = (
        "Rndrng_NPI,Rndrng_Prvdr_Last_Org_Name,Rndrng_Prvdr_First_Name,Rndrng_Prvdr_Ent_Cd,"
        "Rndrng_Prvdr_St1,Rndrng_Prvdr_City,Rndrng_Prvdr_State_Abrvtn,Rndrng_Prvdr_Zip5,"
        "Rndrng_Prvdr_Type,HCPCS_Cd,Place_Of_Srvc,Tot_Benes"
    )
    who = f"{npi(100000001)},Doe,Jo,I,1 Main St,Portland,ME,04101,Dermatology"
    rows = [f"{who},17311,O,120", f"{who},17312,O,80", f"{who},17311,F,15", f"{who},99213,O,900"]
    path = tmp_path / "cms.csv"
    path.write_text("\n".join([header, *rows]))
    found = read_volumes(path, DAY, 2021, MOHS)
    assert found.report.adds_up
    assert found.evidence[["volume", "as_of", "source_kind"]].to_numpy().tolist() == [
        [120, "2021", "claims"]
    ]
    assert "At least 120" in found.evidence["statement"].iloc[0]
    assert "never means not doing it" in found.evidence["note"].iloc[0]


@needs_data
def test_the_clinicians_of_maine() -> None:
    found = read_clinicians(SHARED / "dac_maine.csv", DAY)
    counts = found.report.counts
    assert (found.report.read, found.report.kept) == (6_090, 3_516)
    assert counts["dropped", "the row is empty"] == 2_574
    assert counts["changed", "a ZIP code got back its zeros"] == 3_514
    assert counts["kept", "its ZIP code lies in MN, the row says ME"] == 2
    assert found.report.adds_up
    assert (found.providers["kind"] == "practitioner").all()


@needs_data
def test_a_thousand_rows_of_nppes() -> None:
    found = read_nppes(SHARED / "nppes_bulk_2025_layout.csv", DAY)
    assert (found.report.read, found.report.kept) == (1_000, 921)
    assert found.report.counts["dropped", "the NPI was deactivated"] == 79
    # Spreadsheets made numbers of the ZIP codes: each has its five digits again, in its state.
    raw = pd.read_csv(SHARED / "nppes_bulk_2025_layout.csv", dtype=str)
    column = "Provider Business Practice Location Address Postal Code"
    zips = raw.set_index("NPI")[column].dropna().map(us_zip)
    placed = found.providers.set_index("npi")
    assert all(placed.loc[n, "address"].endswith(code) for n, code in zips.items())  # type: ignore[index]
    assert found.report.counts["changed", "a ZIP code got back its zeros"] == 65
    assert not any("lies in" in why for _, why in found.report.counts)


@needs_data
def test_medicare_volumes_confirm_for_three_years() -> None:
    path = SHARED / "cms_by_provider_and_service_2021.csv"
    found = read_volumes(path, DAY, 2021, MOHS)
    assert found.report.read == 8_938
    assert found.report.adds_up
    assert found.evidence["provider_id"].nunique() == len(found.evidence) == 2_826
    assert (found.evidence["status"] == "offered").all()
    procedure = entry("mohs", performed_by=(("dermatology",),))
    then = assess(found.providers, found.evidence, procedure, dt.date(2022, 6, 1))
    assert set(then["status"]) == {"confirmed"}
    now = assess(found.providers, found.evidence, procedure, dt.date(2026, 11, 22))
    offered = now.loc[found.evidence["provider_id"]]
    assert set(offered["status"]) == {"reported"}
    assert offered["old"].all()


class _Replay(BaseHTTPRequestHandler):
    """Answers as the publishers' services do, from what a test put into `server.answers`."""

    def do_GET(self) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        server: Any = self.server
        server.asked.append(asked)
        if server.failures:
            self.send_response(server.failures.pop(0))
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        body = json.dumps(server.answer(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's
        """Say nothing."""


@pytest.fixture
def replay() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Replay)
    server.asked, server.failures = [], []
    server.base = f"http://127.0.0.1:{server.server_port}/api/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def service(replay: Any, tmp_path: Path) -> Service:
    return Service(replay.base, tmp_path / "kept", pause_s=0, backoff_s=0.01)


def results_of(codes: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "number": npi(100000001 + i),
            "enumeration_type": "NPI-1",
            "basic": {"first_name": "JO", "last_name": f"DOE{i}", "sex": "F"},
            "addresses": [
                {"address_purpose": "MAILING", "state": "CA", "postal_code": "90001"},
                {"address_purpose": "LOCATION", "address_1": "1 MAIN ST", "city": "PORTLAND",
                 "state": "ME", "postal_code": code, "country_code": "US"},
            ],
            "taxonomies": [{"code": "207L00000X", "primary": True}],
        }
        for i, code in enumerate(codes)
    ]  # fmt: skip


def test_a_question_with_too_many_answers_is_parted(
    replay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = results_of([f"0410{i % 10}0000" for i in range(30)])
    monkeypatch.setattr(nppes, "PAGE", 4)
    monkeypatch.setattr(nppes, "MOST", 12)

    def answer(asked: dict[str, str]) -> dict[str, Any]:
        prefix, skip = asked["postal_code"].rstrip("*"), int(asked["skip"])
        some = [r for r in everybody if r["addresses"][1]["postal_code"].startswith(prefix)]
        page = some[skip : skip + 4]
        return {"result_count": len(page), "results": page}

    replay.answer = answer
    found = fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["041"])
    assert found.report.read == found.report.kept == 30
    assert found.report.adds_up
    # Run again: every answer is kept, nothing is asked.
    asked = len(replay.asked)
    again = fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["041"])
    assert len(replay.asked) == asked
    pd.testing.assert_frame_equal(again.providers, found.providers)


def test_an_interrupted_run_goes_on(replay: Any, tmp_path: Path) -> None:
    everybody = results_of(["041010000"] * 3)
    replay.answer = lambda _: {"result_count": 3, "results": everybody}
    replay.failures = [500, 503]
    fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["040"])
    first = len(replay.asked)
    replay.failures = [503] * 50
    with pytest.raises(CareReachError, match="Answers so far are kept") as caught:
        fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["040", "041"])
    assert "\n" not in str(caught.value)
    replay.failures = []
    again = len(replay.asked)
    fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["040", "041"])
    assert first == 3
    assert len(replay.asked) == again + 1


def test_an_error_of_the_service_is_passed_on(replay: Any, tmp_path: Path) -> None:
    replay.answer = lambda _: {"Errors": [{"field": "state", "description": "Invalid state"}]}
    with pytest.raises(CareReachError, match="Invalid state"):
        fetch_nppes(service(replay, tmp_path), DAY, state="ZZ", prefixes=["041"])
    with pytest.raises(CareReachError, match="not a web address"):
        Service("file:///etc/passwd", tmp_path)


def test_nobody_answers(tmp_path: Path) -> None:
    gone = Service("http://127.0.0.1:9/", tmp_path, backoff_s=0.01)
    with pytest.raises(CareReachError, match="did not answer"):
        gone.get(a="b")


@needs_data
def test_the_real_answers_of_nppes(replay: Any, tmp_path: Path) -> None:
    people = json.loads((SHARED / "nppes_api_v21.json").read_text())["results"]
    houses = json.loads((SHARED / "nppes_api_v21_organization.json").read_text())["results"]
    whole = [*people, *houses]

    def answer(asked: dict[str, str]) -> dict[str, Any]:
        skip = int(asked["skip"])
        return {"results": whole[skip : skip + 200]}

    replay.answer = answer
    found = fetch_nppes(service(replay, tmp_path), DAY, state="CA", prefixes=["900"])
    assert found.report.read == 201
    assert found.report.adds_up
    assert found.report.kept > 190
    assert set(found.providers["kind"]) == {"facility", "practitioner"}


def test_the_services_of_cms_page_by_page(replay: Any, tmp_path: Path) -> None:
    rows = [
        {"npi": npi(100000001 + i), "provider_last_name": "DOE", "provider_first_name": f"JO{i}",
         "gndr": "F", "pri_spec": "ANESTHESIOLOGY", "telehlth": "Y", "adr_ln_1": "1 MAIN ST",
         "citytown": "PORTLAND", "state": "ME", "zip_code": "041010000",
         "telephone_number": "2075550123"}
        for i in range(700)
    ]  # fmt: skip
    replay.answer = lambda asked: {"results": rows[int(asked["offset"]) :][:500]}
    found = service_clinicians(service(replay, tmp_path), DAY, state="ME")
    assert found.report.kept == 700
    assert found.providers["telehealth"].all()
    assert len(replay.asked) == 2
    volumes = [
        {"Rndrng_NPI": npi(100000001), "Rndrng_Prvdr_Last_Org_Name": "Doe", "HCPCS_Cd": "17311",
         "Rndrng_Prvdr_State_Abrvtn": "ME", "Rndrng_Prvdr_Zip5": "04101", "Tot_Benes": "44"}
    ]  # fmt: skip
    replay.answer = lambda asked: volumes if asked["filter[HCPCS_Cd]"] == "17311" else []
    found = service_volumes(service(replay, tmp_path / "b"), DAY, 2023, MOHS)
    assert found.evidence["volume"].tolist() == [44]


def test_columns_that_are_empty_for_long_do_not_matter(tmp_path: Path) -> None:
    global HEADER  # one column more than all other tests need
    more = "Other Provider Identifier_50"
    HEADER, before = [*HEADER, more], HEADER
    try:
        rows = [{**bulk_row(100000001), more: ""} for _ in range(40_000)]
        rows.append({**bulk_row(100000002), more: "ABC123"})
        found = read_nppes(bulk(tmp_path / "npi.csv", rows), DAY)
    finally:
        HEADER = before
    assert (found.report.kept, found.report.total("merged")) == (2, 39_999)


def test_nobody_is_lost_where_a_postcode_has_too_many(
    replay: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = results_of(["04101"] * 5 + [f"04101{i:04d}" for i in range(15)])
    monkeypatch.setattr(nppes, "PAGE", 4)
    monkeypatch.setattr(nppes, "MOST", 12)

    def answer(asked: dict[str, str]) -> dict[str, Any]:
        code, skip = asked["postal_code"], int(asked["skip"])
        wanted = code.rstrip("*")
        some = [
            r
            for r in reversed(everybody)
            for c in [r["addresses"][1]["postal_code"]]
            if (c.startswith(wanted) if code.endswith("*") else c == wanted)
        ]
        return {"results": some[skip : skip + 4]}

    replay.answer = answer
    found = fetch_nppes(service(replay, tmp_path), DAY, state="ME", prefixes=["041"])
    assert found.report.read == 20


def test_a_code_may_mean_two_procedures(tmp_path: Path) -> None:
    header = "Rndrng_NPI,Rndrng_Prvdr_Last_Org_Name,Rndrng_Prvdr_Zip5,HCPCS_Cd,Tot_Benes"
    path = tmp_path / "cms.csv"
    rows = [f"{npi(100000001)},Doe,04101,X1,40", f"{npi(100000002)},Doe,04101,X1,inf"]
    path.write_text("\n".join([header, *rows, f"{npi(100000003)},Doe,04101,X1,0"]))
    found = read_volumes(path, DAY, 2021, {"a": ["X1"], "b": ["X1"]})
    assert found.evidence["procedure"].tolist() == ["a", "b"]
    assert found.report.total("dropped") == 2
    path.write_bytes(b"\xef\xbb\xbf\n")
    with pytest.raises(DataError):
        read_volumes(path, DAY, 2021, MOHS)
