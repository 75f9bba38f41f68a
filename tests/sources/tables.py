"""Tables as they come: built here, in nobody's layout, so that the importer has never seen them."""

import random
from pathlib import Path

THAI = ("โรงพยาบาลสมเด็จ", "คลินิกบ้านสวน", "ศูนย์สุขภาพชุมชนเมือง", "ร้านยาสุขใจ")
LATIN = ("Clínica São José", "Hôpital Général", "Gesundheitszentrum Süd", "Poste de santé Né")


def nasty(path: Path, rows: int = 400, seed: int = 7) -> dict[str, int]:
    """Write a table with everything wrong at once, and say how often each thing is.

    No header, latin-1 rows among UTF-8 ones with Thai names, decimal commas, longitude before
    latitude, 3 % of points elsewhere, duplicate rows, `=HYPERLINK` cells, sentinels.
    """
    random.seed(seed)
    lines: list[bytes] = []
    told = dict.fromkeys(("elsewhere", "duplicates", "links", "sentinels", "latin", "thai"), 0)
    for i in range(rows):
        lon, lat = 100.5 + random.gauss(0, 0.4), 13.7 + random.gauss(0, 0.4)
        if i % 33 == 5:
            lon, lat = -3.7 + random.random(), 40.4 + random.random()
            told["elsewhere"] += 1
        elif i % 50 == 9:
            lon, lat = random.choice([(0.0, 0.0), (-999.0, -999.0)])
            told["sentinels"] += 1
        thai = i % 2 == 0
        name = f"{(THAI if thai else LATIN)[i // 2 % 4]} {i}"
        if i % 40 == 3:
            name = f'=HYPERLINK("http://example.org/{i}";"{name}")'
            told["links"] += 1
        told["thai" if thai else "latin"] += 1
        phone = f"02-555-{i:04d}" if i % 5 else "NOT AVAILABLE"
        cells = [
            name.replace('"', '""'),
            f"{lon:.5f}".replace(".", ","),
            f"{lat:.5f}".replace(".", ","),
        ]
        line = f'"{cells[0]}"\t{cells[1]}\t{cells[2]}\t{phone}'
        lines.append(line.encode("utf-8" if thai else "latin-1"))
        if i % 45 == 7:
            lines.append(lines[-1])
            told["duplicates"] += 1
    path.write_bytes(b"\r\n".join(lines) + b"\r\n")
    return told | {"rows": len(lines)}
