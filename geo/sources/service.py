"""Publishers' services, asked politely: page by page, each answer kept, so that a run can go on."""

import hashlib
import itertools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from geo.errors import CareReachError

_TRIES = 4
_TIMEOUT_S = 60


class Service:
    """A publisher's service that answers in JSON.

    Parameters
    ----------
    base
        Its address.
    kept
        A folder for answers; one that is there is not asked for again.
    pause_s
        Time between two requests, seconds.
    backoff_s
        Time before the second try of a request that failed, doubled for each further one.
    """

    def __init__(self, base: str, kept: Path, pause_s: float = 0.2, backoff_s: float = 1.0) -> None:
        if urlsplit(base).scheme not in ("http", "https"):
            raise CareReachError(f"{base!r} is not a web address.")
        self.base, self.kept, self.pause_s = base, kept, pause_s
        self.asked = 0
        self._session = requests.Session()
        again = Retry(
            total=_TRIES,
            backoff_factor=backoff_s,
            status_forcelist=(429, 500, 502, 503, 504),
            respect_retry_after_header=True,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=again))
        self._session.headers["User-Agent"] = "CareReach"
        kept.mkdir(parents=True, exist_ok=True)

    def get(self, **parameters: str) -> Any:
        """One answer, as JSON.

        Raises
        ------
        CareReachError
            If the service does not answer, or not in JSON; answers so far are kept.
        """
        query = urlencode(sorted(parameters.items()))
        name = hashlib.sha256(f"{self.base}?{query}".encode()).hexdigest()[:24]
        path = self.kept / f"{name}.json"
        if path.exists():
            return json.loads(path.read_text("utf-8"))
        if self.asked:
            time.sleep(self.pause_s)
        self.asked += 1
        host = urlsplit(self.base).hostname
        go_on = "Answers so far are kept: the same command goes on from there."
        try:
            answer = self._session.get(self.base, params=parameters, timeout=_TIMEOUT_S)
            answer.raise_for_status()
            found = answer.json()
        except requests.exceptions.JSONDecodeError:
            raise CareReachError(f"{host} did not answer in JSON. {go_on}") from None
        except requests.HTTPError:
            raise CareReachError(f"{host} answered {answer.status_code}. {go_on}") from None
        except requests.RequestException as error:
            why = (
                "too often with an error"
                if isinstance(error, requests.exceptions.RetryError)
                else ""
            )
            raise CareReachError(f"{host} did not answer{why and f' but {why}'}. {go_on}") from None
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(found), "utf-8")
        os.replace(beside, path)
        return found

    def pages(self, sized: str, size: int, **asked: str) -> Iterator[dict[str, Any]]:
        """Every row of a question that is answered in pages.

        Parameters
        ----------
        sized
            What the service calls the size of a page.
        size
            Rows of a page.
        asked
            The question.

        Raises
        ------
        CareReachError
            If the service does not answer.
        """
        for offset in itertools.count(0, size):
            answer = self.get(**asked, **{sized: str(size), "offset": str(offset)})
            rows = answer.get("results", []) if isinstance(answer, dict) else answer
            yield from rows
            if len(rows) < size:
                return
