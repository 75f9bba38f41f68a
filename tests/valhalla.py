"""A road service for tests on every Python: Valhalla's questions, answered by plain geometry.

Every point lies on a road, but for those in `SEA`; ways are 1.3 times as long as the straight
line, at 40 km/h by car and 5 km/h on foot, and twice as long to the west, as a one-way street.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from geo.distance import GEOD, distance_km

BENDS = 1.3
KMH = {"auto": 40.0, "pedestrian": 5.0}
#: South, north, west, east: no road lies in it.
SEA = (26.0, 26.5, 92.0, 92.5)


def way_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """How long a way of this service is."""
    straight = float(distance_km(*start, [end[0]], [end[1]])[0])
    return straight * BENDS * (2 if end[1] < start[1] else 1)


def at_sea(lat: float, lon: float) -> bool:
    south, north, west, east = SEA
    return south <= lat <= north and west <= lon <= east


class RoadService:
    """An HTTP server on the loopback; `asked` has every question, `working` whether it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.working = True
        self.refuses_pairs = False
        self.refuses = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                action = self.path.strip("/")
                service.asked.append((action, question))
                code, answer = service.answer(action, question)
                body = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, action: str) -> int:
        """How many questions of a kind were asked."""
        return sum(asked == action for asked, _ in self.asked)

    def answer(self, action: str, question: dict[str, Any]) -> tuple[int, object]:
        if not self.working or self.refuses:
            return self.refuses or 503, {"error": "down"}
        answer: tuple[int, object] = getattr(self, f"_{action}")(question)
        return answer

    def _status(self, question: dict[str, Any]) -> tuple[int, object]:
        return 200, {"version": "3.9.1"}

    def _locate(self, question: dict[str, Any]) -> tuple[int, object]:
        found = []
        for place in question["locations"]:
            lat, lon = place["lat"], place["lon"]
            edge = {"correlated_lat": lat, "correlated_lon": lon}
            reach = {"outbound_reach": 50, "inbound_reach": 50}
            found.append({"edges": [] if at_sea(lat, lon) else [edge | reach]})
        return 200, found

    def _sources_to_targets(self, question: dict[str, Any]) -> tuple[int, object]:
        starts, ends = (
            [(p["lat"], p["lon"]) for p in question[key]] for key in ("sources", "targets")
        )
        if self.refuses_pairs and len(starts) * len(ends) > 1:
            return 400, {"error_code": 154}
        km = [[way_km(start, end) for end in ends] for start in starts]
        speed = KMH[question["costing"]]
        seconds = [[round(3600 * far / speed) for far in row] for row in km]
        return 200, {"sources_to_targets": {"durations": seconds, "distances": km}}

    def _route(self, question: dict[str, Any]) -> tuple[int, object]:
        start, end = ((p["lat"], p["lon"]) for p in question["locations"])
        km = way_km(start, end)
        found = {
            "duration": 3600 * km / KMH[question["costing"]],
            "distance": 1000 * km,
            "geometry": {"coordinates": [start[::-1], end[::-1]]},
        }
        return 200, {"routes": [found]}

    def _isochrone(self, question: dict[str, Any]) -> tuple[int, object]:
        (place,), (contour,) = question["locations"], question["contours"]
        metres = 1000 * KMH[question["costing"]] * contour["time"] / 60 / BENDS
        ring = [
            GEOD.fwd(place["lon"], place["lat"], turn, metres)[:2] for turn in range(0, 361, 10)
        ]
        shape = {"type": "Polygon", "coordinates": [ring]}
        return 200, {"features": [{"geometry": shape}]}
