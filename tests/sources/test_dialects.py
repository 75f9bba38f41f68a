"""What people have in their files: coordinates, statuses and telephones in every spelling."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import xlsxwriter

from geo.errors import DataError
from geo.sources.batch import Batch, Origin
from geo.sources.coordinates import country_spots, is_longitude_first, pair_of
from geo.sources.letters import letters_of
from geo.sources.mapping import Proposal, propose
from geo.sources.operation import operation_of
from geo.sources.phones import read_phones
from geo.sources.sheets import read_sheet
from geo.sources.table import read_facilities
from geo.sources.vocabulary import facility_type_of

NAIROBI = (-1.2864, 36.8172)


def proposed(path: Path, text: str, country: str = "") -> Proposal:
    path.write_text(text, "utf-8")
    return propose(read_sheet(path), country)


def read(path: Path, text: str, country: str = "") -> Batch:
    found = proposed(path, text, country)
    assert found.questions == ()
    mapping = found.mapping.model_copy(update={"country_code": country})
    return read_facilities(path, mapping, Origin("t", "T"), "2026-11-26")


KINDS = {
    "hospital": "District Hospital;Kreiskrankenhaus Süd;Universitätsklinikum;Keskussairaala;Szpital"
    ";Szpital Miejski;Nemocnice;Kórház;Spitalul Județean;Devlet Hastanesi;Bệnh viện;โรงพยาบาล;"
    "병원;病院;医院;"
    "مستشفى;بیمارستان;בית חולים;Νοσοκομείο;Больница;Лікарня;अस्पताल;হাসপাতাল;RSUD;"
    "Hospitali ya Wilaya;"
    "Hôpital Général;Ospedale;Ziekenhuis;Sykehuset;Sygehus;Haigla;Ligoninė;Slimnīca;Bolnica",
    "primary_care": "Gigiri Health Centre;Terveyskeskus;Vårdcentralen Nord;Aile Sağlığı Merkezi;"
    "보건소;卫生院;प्राथमिक स्वास्थ्य केन्द्र;Puskesmas;Zahanati;Centre de Santé;Centro de saúde;UBS;"
    "Dom zdravlja;BHU;PHC;Unidade de Saúde",
    "clinic": "Przychodnia;Poliklinika;Phòng khám;คลินิก;クリニック;诊所;Поликлиника;Κλινική;"
    "Ambulatorio",
    "pharmacy": "Apteka;Lékárna;Eczane;Nhà thuốc;薬局;صيدلية;Аптека;Apotek;Duka la dawa;Φαρμακείο",
    "dentist": "Tandläkare;Hammaslääkäri;Fogorvos;치과;Dokter Gigi;Стоматология;Zahnarztpraxis",
    "health_post": "Trạm y tế;ФАП;Poste de santé;Posyandu;โรงพยาบาลส่งเสริมสุขภาพตำบล;Sub-post",
    "doctors_office": "Háziorvos;의원;Cabinet médical;Huisarts;Læge;Arztpraxis;Врач",
}


@pytest.mark.parametrize(
    ("words", "kind"), [(w, kind) for kind, words in KINDS.items() for w in words.split(";")]
)
def test_kinds_of_places_in_many_languages(words: str, kind: str) -> None:
    assert facility_type_of(words) == kind


@pytest.mark.parametrize("words", ["Comedico", "Alchemist House", "Gigiri", "Chuo", "Laboral"])
def test_a_word_inside_another_means_nothing(words: str) -> None:
    assert facility_type_of(words) is None


@pytest.mark.parametrize(
    "cell",
    [
        "-1.2864, 36.8172",
        "-1,2864; 36,8172",
        "'-1.2864, 36.8172",
        "1.2864 S, 36.8172 E",
        "36.8172E 1.2864S",
        "1°17'11.04\"S 36°49'1.92\"E",
        "S 1° 17.184' E 36° 49.032'",
        "POINT (36.8172 -1.2864)",
        "SRID=4326;POINT(36.8172 -1.2864)",
        "POINT Z (36.8172 -1.2864 1700)",
        '{"type": "Point", "coordinates": [36.8172, -1.2864]}',
        "geo:-1.2864,36.8172",
        "https://www.google.com/maps/@-1.2864,36.8172,15z",
        "-1.2864 36.8172 1700 5",
        "POLYGON ((36.8171 -1.2865, 36.8173 -1.2865, 36.8173 -1.2863, 36.8171 -1.2863, "
        "36.8171 -1.2865))",
    ],
)
def test_one_position_in_every_spelling(cell: str) -> None:
    lat, lon, _ = pair_of(cell)
    assert (lat, lon) == pytest.approx(NAIROBI, abs=1e-4)


PAIRS = 'name,coords\nA,"36.8172,-1.2864"\nB,"36.9,-1.3"\nC,"34.75,-0.09"\n'


def test_pairs_with_longitude_first_are_told_by_their_country(tmp_path: Path) -> None:
    found = read(tmp_path / "t.csv", PAIRS, "KE")
    assert found.providers["lat"].iloc[0] == pytest.approx(NAIROBI[0])
    assert found.providers["lon"].iloc[0] == pytest.approx(NAIROBI[1])


def test_pairs_of_nobody_knows_where_are_asked_about(tmp_path: Path) -> None:
    (question,) = proposed(tmp_path / "t.csv", PAIRS).questions
    assert "'coords'" in question
    assert "latitude or longitude first" in question


def test_a_column_of_countries_tells_the_order(tmp_path: Path) -> None:
    rows = PAIRS.replace("\n", ",Kenya\n").replace("coords,Kenya", "coords,country")
    found = read(tmp_path / "t.csv", rows)
    assert found.providers["lat"].iloc[0] == pytest.approx(NAIROBI[0])


@pytest.mark.parametrize("code", ["KE", "BT", "US", "BR", "NZ", "NO", "EC", "FJ", "JP"])
def test_every_country_tells_its_order(code: str) -> None:
    spots = country_spots(code)
    lat, lon = zip(*spots[:1], strict=True)
    assert is_longitude_first(lat, lon, [code]) is False
    assert is_longitude_first(lon, lat, [code]) is True


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Operational (was closed 2020)", "operational"),
        ("CLOSED_PERMANENTLY", "closed"),
        ("CLOSED_TEMPORARILY", "temporarily_closed"),
        ("Open (temporarily closed for renovation)", "temporarily_closed"),
        ("formerly operational", "closed"),
        ("previously closed, now open", "operational"),
        ("Reopened 2021", "operational"),
        ("Under construction", "planned"),
        ("Not yet open", "planned"),
        ("Non-functional", "closed"),
        ("Partially functioning", "partly"),
        ("Non fonctionnel", "closed"),
        ("Fermé temporairement", "temporarily_closed"),
        ("Cerrado temporalmente", "temporarily_closed"),
        ("No funciona", "closed"),
        ("Em funcionamento", "operational"),
        ("Außer Betrieb", "closed"),
        ("In Betrieb", "operational"),
        ("Временно закрыт", "temporarily_closed"),
        ("Действует", "operational"),
        ("مغلق", "closed"),
        ("ปิด", "closed"),
        ("เปิดให้บริการ", "operational"),
        ("停业", "closed"),
        ("营业中", "operational"),
        ("yes", "operational"),
        ("0.0", "closed"),
        ("Private", "unknown"),
        ("not currently open", "closed"),
        ("N'est plus en service", "closed"),
        ("Não está aberto", "closed"),
        ("nicht mehr in Betrieb", "closed"),
        ("Tidak beroperasi", "closed"),
        ("Haifanyi kazi", "closed"),
        ("Inafanya kazi", "operational"),
        ("noch nicht in Betrieb", "planned"),
        ("Not abandoned", "operational"),
        ("Open Mon-Fri; closed Sat-Sun", "operational"),
        ("Active since construction in 1990", "operational"),
        ("closed for renovation", "temporarily_closed"),
        ("closed?", "unknown"),
        ("", "unknown"),
    ],
)
def test_whether_it_is_in_operation(words: str, state: str) -> None:
    assert operation_of(words) == state


def test_who_is_closed_is_left_out_and_who_is_closed_for_a_while_is_said(tmp_path: Path) -> None:
    text = "name,lat,lon,status\n" + "\n".join(
        f"{name},-1.2{n},36.8,{status}"
        for n, (name, status) in enumerate(
            (
                ("A", "OPERATIONAL"),
                ("B", "CLOSED_PERMANENTLY"),
                ("C", "CLOSED_TEMPORARILY"),
                ("D", "planned"),
                ("E", "mystery"),
            )
        )
    )
    found = read(tmp_path / "t.csv", text)
    notes = dict(zip(found.providers["name"], found.providers["note"], strict=True))
    assert list(notes) == ["A", "C", "E"]
    assert notes["C"] == "Temporarily closed (2026-11-26)."
    counts = {reason: n for (_, reason), n in found.report.counts.items()}
    assert counts["it is not in operation"] == 1
    assert counts["it is not in operation yet"] == 1


@pytest.mark.parametrize(
    ("cell", "country", "numbers"),
    [
        ("089/1234567", "DE", ["+49891234567"]),
        ("030/123456", "DE", ["+4930123456"]),
        ("0891234567 / 0897654321", "DE", ["+49891234567", "+49897654321"]),
        ("(207) 555-0123", "US", ["+12075550123"]),
        ("207-555-0123 ext. 5", "US", ["+12075550123"]),
        ("207-555-0123/0124", "US", ["+12075550123"]),
        ("+1 207 555 0123 or +1 207 555 0199", "", ["+12075550123", "+12075550199"]),
        ("0049 89 1234567", "", ["+49891234567"]),
        ("0712345678, 0722123456", "KE", ["+254712345678", "+254722123456"]),
        ("12075550123.0", "US", ["+12075550123"]),
        ("322496", "BT", []),
        ("112", "BT", []),
        ("555-0123", "US", []),
        ("1234567890", "US", []),
        ("27.4712", "BT", []),
        ("2021-03-04", "US", []),
        ("973-7000 (207)", "US", []),
        ("Fax: 207-555-0199; Tel: 207-555-0123", "us", ["+12075550123"]),
    ],
)
def test_who_can_be_called(cell: str, country: str, numbers: list[str]) -> None:
    assert list(read_phones(cell, country).numbers) == numbers


def test_a_doubtful_number_is_kept_as_text(tmp_path: Path) -> None:
    found = read(tmp_path / "t.csv", "name,lat,lon,phone\nA,27.47,89.64,322496\n", "BT")
    assert found.providers["phone"].isna().all()
    assert found.providers["note"].tolist() == ["Telephone as the source writes it: 322496."]


@pytest.mark.parametrize("cell", ["2021030405", "27.471234", "1610612736", "1000000001"])
def test_numbers_are_no_telephones_and_no_npis(tmp_path: Path, cell: str) -> None:
    text = "name,lat,lon,x\n" + "".join(f"A{n},27.4{n},89.6{n},{cell}\n" for n in range(9))
    columns = proposed(tmp_path / "t.csv", text).mapping.columns
    assert not {"phone", "npi"} & set(columns)


LETTERS = {
    "Hôpital régional de Sélibaby;Centre de santé;Maternité Pères": "cp1252 mac_roman cp850",
    "Hospital Niño Jesús;Clínica Santa María;Centro Médico Güines": "cp1252 mac_roman cp850",
    "Hospital São João;Unidade Básica de Saúde Conceição": "cp1252 mac_roman",
    "Klinikum München;Krankenhaus Köln-Süd;Praxis Dr. Weiß": "cp1252 mac_roman",
    "Szpital Łódź;Przychodnia Świętej Anny;Gdańsk źródło;Wrocław": "cp1250",
    "Nemocnice Dvůr Králové;Poliklinika Břeclav;Ústí nad Labem": "cp1250",
    "Győr kórház;Szűcs rendelő;Hódmezővásárhely": "cp1250",
    "İzmir Devlet Hastanesi;Şişli Etfal;Iğdır;Diyarbakır Çocuk": "cp1254",
    "Rīgas slimnīca;Jūrmalas poliklīnika;Ķekavas doktorāts": "cp1257",
    "Городская больница;Поликлиника Центральная;Аптека;МОСКВА": "cp1251 koi8_r cp866",
    "Γενικό Νοσοκομείο Αθηνών;Κλινική Θεσσαλονίκης": "cp1253",
    "בית חולים הדסה;מרפאה ירושלים": "cp1255",
    "مستشفى القاهرة;عيادة الشفاء;مركز صحي": "cp1256",
    "โรงพยาบาลเชียงใหม่;คลินิกหมอสมชาย;สถานีอนามัยบ้านดอน": "cp874",
    "北京市第一医院;上海市中心医院;社区卫生服务中心": "gb18030",
    "臺北市立醫院;臺中榮民總醫院;高雄長庚紀念醫院": "big5",
    "東京大学病院;さくらクリニック;大阪市立総合医療センター": "shift_jis euc_jp",
    "서울대학교병원;부산의료원;강남세브란스": "cp949",
}


@pytest.mark.parametrize(
    ("names", "encoding"),
    [(names, encoding) for names, every in LETTERS.items() for encoding in every.split()],
)
def test_letters_are_right_or_asked_about(names: str, encoding: str) -> None:
    rows = "\n".join(
        f"{n},{name},Hospital,1.2,3.4,12 Long Road {n}" for n, name in enumerate(names.split(";"))
    )
    raw = rows.encode(encoding)
    found = letters_of(raw)
    read = [raw.decode(known, errors="replace") for known in (found.encoding, *found.others)]
    assert rows in read
    if not found.others:
        assert read == [rows]
    else:
        assert len(found.examples) == len(read)


def test_doubtful_letters_are_a_question(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("name,lat,lon\nGyőr kórház,47.6,17.6\n".encode("cp1250"))
    (question,) = propose(read_sheet(path)).questions
    assert "Győr kórház" in question
    assert propose(read_sheet(path, encoding="cp1250")).questions == ()


def test_a_column_is_what_its_values_are(tmp_path: Path) -> None:
    text = "name,facility name,has telephone,lat,lon\n"
    text += "".join(f"{'X' if n == 0 else ''},Clinic {n},Yes,27.4{n},89.6{n}\n" for n in range(9))
    found = read(tmp_path / "t.csv", text)
    assert found.providers["name"].tolist() == ["X", *(f"Clinic {n}" for n in range(1, 9))]
    assert "phone" not in proposed(tmp_path / "t.csv", text).mapping.columns


def test_a_kind_that_is_not_known_is_told_by_the_name(tmp_path: Path) -> None:
    text = "name,type,lat,lon\nDistrict Hospital,Level Blue,27.4,89.6\nA,Clinic,27.5,89.6\n"
    found = read(tmp_path / "t.csv", text)
    assert found.providers["facility_type"].tolist() == ["hospital", "clinic"]


RECORDS = [
    {"name": "A", "lat": -1.28, "lon": 36.82, "address": {"street": "Moi Avenue"}},
    {"name": "B", "lat": -1.29, "lon": 36.83, "address": {"street": "Haile Road"}},
]


@pytest.mark.parametrize("kind", ["list.json", "lines.jsonl", "t.kml", "t.fgb", "plain16.csv"])
def test_other_containers_hold_the_same_places(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    frame = pd.DataFrame(RECORDS)[["name", "lat", "lon"]]
    shapes = gpd.GeoDataFrame(
        frame[["name"]], geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326
    )
    if kind == "list.json":
        path.write_text(json.dumps(RECORDS), "utf-8")
    elif kind == "lines.jsonl":
        path.write_text("\n".join(map(json.dumps, RECORDS)), "utf-8")
    elif kind == "plain16.csv":
        path.write_bytes(frame.to_csv(index=False).encode("utf-16-le"))
    else:
        shapes.to_file(path, driver={"t.kml": "KML", "t.fgb": "FlatGeobuf"}[kind])
    sheet = read_sheet(path)
    found = read_facilities(
        path, propose(sheet).mapping, Origin("t", "T"), "2026-11-26", None, sheet
    )
    rows = found.providers.sort_values("name")
    assert rows["name"].tolist() == ["A", "B"]
    assert rows["lat"].tolist() == pytest.approx([-1.28, -1.29])
    assert rows["lon"].tolist() == pytest.approx([36.82, 36.83])


def test_parts_of_a_record_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(RECORDS), "utf-8")
    assert "address street" in read_sheet(path).columns


def test_a_hidden_sheet_is_not_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in (("shown", 2), ("hidden", 90)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["name", "lat", "lon"])
            for n in range(rows):
                sheet.write_row(n + 1, 0, [f"{name} {n}", -1.2, 36.8 + n / 100])
            if name == "hidden":
                sheet.hide()
    assert read_sheet(path).layout.sheet == "shown"


def test_a_web_page_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "t.xls"
    path.write_text("<html><table><tr><td>name</td></tr></table></html>", "utf-8")
    with pytest.raises(DataError, match="web page"):
        read_sheet(path)
