"""From a key press on the radius slider to the repainted map, with 100 results on it; and panning.

    python tests/bench/bench_slider.py

A copy of the Bhutan pack gets 100 more hospitals around Serzhong. Measured in Chromium: the time
from the key press until the map's layer has the new circle, and what came over the websocket. Then
the map is dragged about at three zooms: the times between its frames.
"""

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Frame, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PORT = 8799
WATCH = """() => {
  const draw = window.careReachFound;
  window.careReachFound = function (group, data) {
    draw(group, data);
    requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = data.radius; }));
  };
}"""

FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  function tick(now) { window.frames_ms.push(now - last); last = now; requestAnimationFrame(tick); }
  requestAnimationFrame(tick);
}"""
ZOOMS = (7, 9, 11)


def pan(page: Page, inner: Frame) -> None:
    """Print how long the frames take while the map is dragged about."""
    box = page.locator('iframe[title="streamlit_folium.st_folium"]').bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + min(box["height"], 500) / 2
    inner.evaluate(FRAMES)
    for zoom in ZOOMS:
        inner.evaluate(f"map.setZoom({zoom}, {{ animate: false }})")
        page.wait_for_timeout(800)
        inner.evaluate("window.frames_ms.length = 0")
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(x + 150 * math.sin(step / 9), y + 90 * math.sin(step / 5))
        page.mouse.up()
        page.wait_for_timeout(300)
        took = inner.evaluate("window.frames_ms")
        most = statistics.quantiles(took, n=20)[-1]
        print(f"panning at zoom {zoom}: {len(took)} frames, 95th percentile {most:.0f} ms")


def crowded(folder: Path) -> None:
    """A pack with 100 more hospitals within 20 km of Serzhong."""
    shutil.copytree(ROOT / "data" / "bhutan", folder)
    with (folder / "evidence.csv").open("a", encoding="utf-8") as file:
        for n in range(0, 100, 2):
            file.write(
                f"bench:{n},,anaesthesiology,,specialist,Said so,2025,stated,press,"
                "https://kuenselonline.com/,\n"
            )
    with (folder / "providers.csv").open("a", encoding="utf-8") as file:
        for n in range(100):
            lat, lon = 26.88 + (n % 10) * 0.012, 90.44 + (n // 10) * 0.016
            file.write(
                f"bench:{n},facility,Hospital {n},,hospital,{lat:.3f},{lon:.3f},exact,Bench,"
                "BT1309,20,facility-survey,2026-11-22,\n"
            )


def main() -> None:
    sys.path.insert(0, str(ROOT))
    packs = Path(tempfile.mkdtemp())
    crowded(packs / "bhutan")
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={PORT}"],
        cwd=ROOT,
        env={**os.environ, "CAREREACH_DATA": str(packs)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-background-networking", "--no-first-run"],
            )
            page = chromium.new_page(viewport={"width": 1440, "height": 1000})
            sizes = [0]

            def count(data: bytes | str) -> None:
                sizes[-1] += len(data)

            page.on("websocket", lambda ws: ws.on("framereceived", count))
            page.goto(url + "/?radius_km=75")
            frame = page.frame_locator('iframe[title="streamlit_folium.st_folium"]')
            frame.locator(".cr-pin").nth(20).wait_for()
            first = time.perf_counter() - started
            start = time.perf_counter()
            page.reload()
            frame.locator(".cr-pin").nth(20).wait_for()
            again = time.perf_counter() - start
            page.wait_for_timeout(1500)
            inner = next(f for f in page.frames if "streamlit_folium" in f.url)
            inner.evaluate(WATCH)
            slider = page.get_by_role("slider")
            slider.focus()
            took = []
            for key, radius in [("ArrowRight", 100), ("ArrowLeft", 75)] * 5:
                sizes.append(0)
                start = time.perf_counter()
                slider.press(key)
                inner.wait_for_function(f"window.painted === {radius}", polling=5)
                took.append(1000 * (time.perf_counter() - start))
                page.wait_for_timeout(700)
            pins = frame.locator(".cr-pin").count()
            print(f"{pins} results; server start to first map {first:.1f} s, reload {again:.1f} s")
            print(f"slider to repainted map: median {statistics.median(took):.0f} ms, ", end="")
            print(f"largest {max(took):.0f} ms, most over the websocket {max(sizes[1:]):,} bytes")
            pan(page, inner)
            chromium.close()
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(packs)


if __name__ == "__main__":
    main()
