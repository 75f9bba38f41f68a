"""Visitors at once on one process: real websocket sessions, a moment between their clicks.

    PYTHONPATH=. python -m tests.bench.bench_visitors [--visitors 20] [--seconds 30]

A click is another address of a page, as a link is: the whole script runs. A fifth is on Coverage,
half in the data of the United States. Seconds depend on the machine.
"""

import argparse
import asyncio
import platform
import random
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.websocket import WebSocketClientConnection, websocket_connect

ROOT = Path(__file__).parents[2]
PLACES = {
    "bhutan": ("Thimphu", "Paro", "Serzhong, Sarpang", "Trashigang", "Mongar"),
    "us": ("Portland, Maine", "Houston", "Seattle", "Boise", "Albany, New York"),
}
PROCEDURES = ("epidural-blood-patch", "haemodialysis", "colonoscopy", "hospital-birth")
PAUSE_S = (0.5, 2.0)


def address(chance: random.Random) -> tuple[str, str]:
    """A page and what stands behind its "?"."""
    pack = chance.choice(tuple(PLACES))
    asked = f"pack={pack}&procedure={chance.choice(PROCEDURES)}"
    if chance.random() < 0.2:
        return "coverage", f"{asked}&within_km={chance.choice((10, 25, 50))}"
    near = quote(chance.choice(PLACES[pack]))
    return "", f"{asked}&near={near}&radius_km={chance.choice((10, 25, 50, 80))}"


async def rerun(connection: WebSocketClientConnection, page: str, query: str) -> float:
    """Ask for a page; seconds until its script has run."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    start = time.perf_counter()
    await connection.write_message(message.SerializeToString(), binary=True)
    while True:
        raw = await connection.read_message()
        if not isinstance(raw, bytes):
            raise ConnectionError("The server has closed a session.")
        answer = ForwardMsg()
        answer.ParseFromString(raw)
        if answer.WhichOneof("type") == "script_finished":
            return time.perf_counter() - start


async def visit(port: int, until: float, seed: int) -> list[float]:
    """One visitor: a first page, then clicks until the time is up; seconds of each click."""
    chance = random.Random(seed)
    connection = await websocket_connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_message_size=2**28
    )
    await rerun(connection, *address(chance))
    took = []
    while time.perf_counter() < until:
        await asyncio.sleep(chance.uniform(*PAUSE_S))
        took.append(await rerun(connection, *address(chance)))
    connection.close()
    return took


async def visitors(port: int, number: int, seconds: float) -> list[float]:
    """The seconds of every click of all."""
    until = time.perf_counter() + seconds
    found = await asyncio.gather(*(visit(port, until, seed) for seed in range(number)))
    return [one for took in found for one in took]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    port = free_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"),
            *("--server.headless=true", "--server.fileWatcherType=none"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
                break
            except OSError:
                time.sleep(0.1)
        print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
        asyncio.run(visitors(port, 2, 10))  # both packs are opened
        alone = np.array(asyncio.run(visitors(port, 1, 15)))
        start = time.perf_counter()
        took = np.array(asyncio.run(visitors(port, options.visitors, options.seconds)))
        rate = len(took) / (time.perf_counter() - start)
    finally:
        server.terminate()
        server.wait()
    for who, some in (("1 visitor", alone), (f"{options.visitors} visitors", took)):
        median, late = np.quantile(some, [0.5, 0.95])
        print(f"{who}: {len(some)} clicks, median {median:.2f} s, 95th percentile {late:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"{rate:.1f} reruns a second, {peak:.2f} GB")


if __name__ == "__main__":
    main()
