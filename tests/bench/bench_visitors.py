"""Visitors at once: real websocket sessions, a moment between their clicks.

    PYTHONPATH=. python -m tests.bench.bench_visitors [--visitors 20] [--processes 1] [--seconds 30]

A click is another address of a page, as a link is: the whole script runs. A fifth is on Coverage,
half in the data of the United States. Each stays at one process, as behind a proxy. Seconds depend
on the machine.
"""

import argparse
import asyncio
import platform
import random
import re
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


async def visitors(ports: list[int], number: int, seconds: float) -> list[float]:
    """The seconds of every click of all."""
    until = time.perf_counter() + seconds
    sessions = (visit(ports[n % len(ports)], until, n) for n in range(number))
    return [one for took in await asyncio.gather(*sessions) for one in took]


def memory_gb(processes: list[subprocess.Popen[bytes]]) -> float:
    """What processes hold now, what they share counted once (Linux)."""
    held = (Path(f"/proc/{process.pid}/smaps_rollup").read_text("utf-8") for process in processes)
    return sum(int(kb) for text in held for kb in re.findall(r"(?m)^Pss: +(\d+)", text)) / 1e6


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(port: int) -> None:
    """Until a server answers, 30 seconds at most."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
            return
        except OSError:
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    ports = [free_port() for _ in range(options.processes)]
    servers = [
        subprocess.Popen(
            [*(sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}")],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        for port in ports
    ]
    try:
        for port in ports:
            wait_for(port)
        print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
        # Both packs are opened in every process.
        asyncio.run(visitors(ports, 2 * len(ports), 10))
        alone = np.array(asyncio.run(visitors(ports, 1, 15)))
        start = time.perf_counter()
        took = np.array(asyncio.run(visitors(ports, options.visitors, options.seconds)))
        rate = len(took) / (time.perf_counter() - start)
        held = memory_gb(servers)
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()
    for who, some in (("1 visitor", alone), (f"{options.visitors} visitors", took)):
        median, late = np.quantile(some, [0.5, 0.95])
        print(f"{who}: {len(some)} clicks, median {median:.2f} s, 95th percentile {late:.2f} s")
    print(f"{rate:.1f} reruns a second, {options.processes} processes, {held:.2f} GB in all")


if __name__ == "__main__":
    main()
