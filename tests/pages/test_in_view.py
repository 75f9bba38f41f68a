"""What a map asks for while it is dragged about: the answer, and nonsense."""

import asyncio
import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.care.assessed import assess_pack
from geo.care.entry import Procedure
from geo.packs.pack import open_pack
from pages._in_view import InView, in_view

TODAY = dt.date(2026, 11, 22)
ASKED = {
    "pack": "us",
    "procedure": "hospital-care",
    "show": "all",
    "south": "38",
    "west": "-77",
    "north": "45",
    "east": "-70",
    "zoom": "7",
}


def ask(path: str, **asked: str) -> tuple[int, Any]:
    """One request to the app; what another app would answer is 404."""
    sent: list[Any] = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"null"})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    query = urlencode(asked).encode()
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query, "headers": []}
    # In a thread of its own: a browser test of the same worker has left a loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, InView(other)(scope, receive, send)).result()
    return sent[0]["status"], json.loads(b"".join(part.get("body", b"") for part in sent[1:]))


def test_it_answers_at_its_path_alone() -> None:
    status, answer = ask("/in-view", **ASKED)
    assert status == 200
    assert answer["statuses"] == ["confirmed", "reported", "likely", "unknown"]
    assert answer["total"] == sum(sum(counts) for _, _, counts in answer["cells"]) > 200
    assert len(json.dumps(answer)) < 30_000
    assert ask("/", **ASKED)[0] == 404
    assert ask("/in-view/more", **ASKED)[0] == 404


def test_few_are_named_one_by_one(library: dict[str, Procedure]) -> None:
    near = {**ASKED, "south": "43", "west": "-71", "north": "44", "east": "-70", "zoom": "9"}
    _, answer = ask("/in-view", **near)
    rows = assess_pack(open_pack("us"), library["hospital-care"], dt.date.today()).rows
    inside = rows[rows["lat"].between(43, 44) & rows["lon"].between(-71, -70)]
    assert sorted(title for *_, title in answer["places"]) == sorted(inside["name"])
    assert answer["total"] == len(inside) > 3


def test_only_what_is_shown_is_counted() -> None:
    every, some = (in_view({**ASKED, "show": show}, TODAY) for show in ("all", "confirmed"))
    assert some["statuses"] == ["confirmed"]
    assert some["total"] == sum(counts[0] for _, _, counts in every["cells"])


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: "x"} for name in ("south", "zoom")),
        *({name: text} for name in ("west", "zoom") for text in ("nan", "inf", "1e999", "")),
        {"south": "46"},
        {"east": "-80"},
        {"west": "-1e9"},
        {"pack": "../us"},
        {"pack": ""},
        {"procedure": "nonsense"},
        {"show": "everything"},
    ],
)
def test_nonsense_is_refused_in_a_sentence(wrong: dict[str, str]) -> None:
    status, answer = ask("/in-view", **{**ASKED, **wrong})
    assert status == 400
    assert answer["problem"].endswith(".")


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*ASKED]), st.text(max_size=12) | st.floats().map(str)))
def test_any_words_give_an_answer_or_a_sentence(words: dict[str, str]) -> None:
    status, answer = ask("/in-view", **{**ASKED, "pack": "bhutan", **words})
    assert status == 200 or answer["problem"].endswith(".")
    assert len(json.dumps(answer)) < 60_000
