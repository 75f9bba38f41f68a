"""The PostgreSQL database that `CAREREACH_STORE` names: connections, and what its tables are.

`geo.packs.shared_loading` puts packs into it, `geo.packs.shared` copies them out of it, and
`geo.packs.stored_index` asks it who is near. It needs the packages of requirements-store.txt and,
in the database, PostGIS 3.
"""

import contextlib
import functools
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from geo.errors import CareReachError

#: What `CAREREACH_STORE` begins with.
SCHEMES = ("postgresql://", "postgres://")
#: The layout of the tables below; another number is another layout.
FORMAT = 1
#: A question is given up after so long, by the database and by who waits for a connection.
TIMEOUT_S = 5
_CONNECT_S = 3
#: So many questions of one process at a time, at most.
_CONNECTIONS = 4
#: Rows of providers lie in a table for each version of a pack, so that a new one is loaded beside
#: the old one, and an old one is dropped in a moment.
SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS carereach;
CREATE TABLE IF NOT EXISTS carereach.format (number int PRIMARY KEY);
INSERT INTO carereach.format
  SELECT {FORMAT} WHERE NOT EXISTS (SELECT FROM carereach.format);
CREATE TABLE IF NOT EXISTS carereach.pack (
  pack_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  hash text NOT NULL,
  alike_hash text NOT NULL,
  descriptor bytea NOT NULL,
  providers int NOT NULL,
  loaded timestamptz NOT NULL DEFAULT now(),
  is_current boolean NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_current ON carereach.pack (name) WHERE is_current;
CREATE TABLE IF NOT EXISTS carereach.content (
  hash text,
  part int,
  bytes bytea NOT NULL,
  PRIMARY KEY (hash, part)
);
CREATE TABLE IF NOT EXISTS carereach.provider (
  pack_id int NOT NULL,
  position int NOT NULL,
  alike int NOT NULL,
  provider_id text NOT NULL,
  name text,
  kind text,
  facility_type text,
  region_id text,
  lat float8 NOT NULL,
  lon float8 NOT NULL,
  geog geography(Point, 4326) GENERATED ALWAYS AS
    (ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography) STORED
) PARTITION BY LIST (pack_id);
"""
#: A role that may read all of it, where whoever loads may make one.
READER = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'carereach_reader') THEN
    CREATE ROLE carereach_reader NOLOGIN;
  END IF;
END $$;
GRANT USAGE ON SCHEMA carereach TO carereach_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA carereach TO carereach_reader;
"""


class StoreDownError(CareReachError):
    """The store does not answer; what was copied from it has to do."""


class VersionGoneError(CareReachError):
    """The store no longer has this version of a pack."""


def store_address() -> str:
    """What `CAREREACH_STORE` says; "" where there is no store."""
    return os.environ.get("CAREREACH_STORE", "").strip()


def store_missing() -> str:
    """Why the store cannot be used and what to do, in one sentence; "" where it can."""
    if not store_address().startswith(SCHEMES):
        return "CAREREACH_STORE is not an address that begins with postgresql://."
    if any(importlib.util.find_spec(name) is None for name in ("psycopg", "psycopg_pool")):
        return "CAREREACH_STORE needs the packages of requirements-store.txt."
    return ""


class Database:
    """A database that is only read, by a few connections that all sessions share.

    Parameters
    ----------
    address
        `postgresql://…`; it is never shown, since it may hold a password.

    Raises
    ------
    CareReachError
        If it is not such an address.
    """

    def __init__(self, address: str) -> None:
        from psycopg_pool import ConnectionPool

        _check_address(address)
        # It would log every try to reach a database that is away.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        # A question takes milliseconds: compiling its plan or starting workers would take longer.
        options = {
            "statement_timeout": 1000 * TIMEOUT_S,
            "default_transaction_read_only": "on",
            "jit": "off",
            "max_parallel_workers_per_gather": 0,
        }
        self._pool = ConnectionPool(
            address,
            min_size=0,
            max_size=_CONNECTIONS,
            max_idle=60,
            timeout=_CONNECT_S,
            reconnect_timeout=0,
            check=ConnectionPool.check_connection,  # one may date from before a restart
            kwargs={
                "autocommit": True,
                "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
                "connect_timeout": _CONNECT_S,
                # Plans depend on how many rows are near, so each question is planned anew.
                "prepare_threshold": None,
                "application_name": "carereach",
            },
            open=True,
        )
        self._is_away = False

    def ask(
        self, question: str, values: Mapping[str, Any] | None = None, *, probe: bool = False
    ) -> list[Any]:
        """The rows that answer one question.

        Once it did not answer, every question is refused at once until one with `probe` succeeds:
        nobody waits for a database that is away.

        Raises
        ------
        StoreDownError
            If it does not answer, or not in time.
        VersionGoneError
            If a table does not exist.
        CareReachError
            If it may not be read.
        """
        import psycopg

        if self._is_away and not probe:
            raise StoreDownError("The store does not answer just now.")
        try:
            with self._pool.connection() as connection:
                found = connection.execute(question.encode(), values).fetchall()
        except psycopg.errors.QueryCanceled:
            self._is_away = True
            raise StoreDownError(f"The store did not answer within {TIMEOUT_S} seconds.") from None
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            raise VersionGoneError("The store does not have this.") from None
        except psycopg.errors.InsufficientPrivilege:
            raise CareReachError(
                "The store may not be read: grant carereach_reader to the role of CAREREACH_STORE."
            ) from None
        except psycopg.OperationalError:
            self._is_away = True
            raise StoreDownError("The store does not answer just now.") from None
        except psycopg.Error as error:
            raise StoreDownError(f"The store did not understand that: {_line(error)}.") from None
        self._is_away = False
        return found

    def close(self) -> None:
        """End its connections."""
        self._pool.close()


@functools.cache
def database(address: str) -> Database:
    """The database of an address, one for all sessions of a process."""
    return Database(address)


@contextlib.contextmanager
def writing(address: str) -> Iterator[Any]:
    """A connection of psycopg for one change, committed at the end.

    Raises
    ------
    CareReachError
        If the database cannot be reached, or refuses the change.
    """
    import psycopg

    _check_address(address)
    try:
        with psycopg.connect(address, connect_timeout=_CONNECT_S) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise CareReachError(f"The database does not allow that: {_line(error)}.") from None
    except psycopg.OperationalError:
        raise StoreDownError(
            "The store does not answer just now, or refuses its role, password or database."
        ) from None
    except psycopg.ProgrammingError as error:
        raise CareReachError(f"The database did not understand that: {_line(error)}.") from None
    except psycopg.Error as error:
        raise CareReachError(f"The database refused that: {_line(error)}.") from None


def _check_address(address: str) -> None:
    """Refuse what is not an address, without showing it: it may hold a password."""
    import psycopg

    try:
        psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.Error:
        raise CareReachError("CAREREACH_STORE is not an address that can be read.") from None


def _line(error: Exception) -> str:
    """What an error of the database says, in one line; an address is never part of it."""
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no reason"
