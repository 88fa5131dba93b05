"""What drivers raise, told as errors of ours."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from storage.errors import (
    DatabaseBusy,
    DatabaseFault,
    DatabaseForeign,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnreachable,
    StorageError,
)

SQLITE: Final[dict[int, type[DatabaseFault]]] = {  # primary result codes; https://sqlite.org/rescode.html
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_IOERR: DatabaseFault,
    sqlite3.SQLITE_CORRUPT: DatabaseForeign,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_CANTOPEN: DatabaseUnreachable,
    sqlite3.SQLITE_NOTADB: DatabaseForeign,
}

POSTGRESQL: Final[dict[str, type[DatabaseFault]]] = {  # codes or classes; PostgreSQL manual, appendix A
    "08": DatabaseUnreachable,  # connection exception
    "25006": DatabaseReadOnly,  # read-only transaction, as on a standby
    "28": DatabaseUnreachable,  # wrong user or password
    "3D": DatabaseUnreachable,  # no such database
    "3F": DatabaseUnreachable,  # no such schema
    "42501": DatabaseReadOnly,  # this user lacks the right
    "53100": DatabaseFull,
    "53": DatabaseBusy,  # out of connections or memory
    "55P03": DatabaseBusy,  # lock_timeout
    "40": DatabaseBusy,  # serialization failure, deadlock
    "57P": DatabaseUnreachable,  # the server is stopping or starting
    "58": DatabaseFault,  # the server's own input and output
    "XX": DatabaseForeign,  # internal error, damaged data
}


def fault_of(error: BaseException, database: str) -> StorageError | None:
    """A new error of ours that says what the driver's error means; None where it means no fault of the database."""
    if isinstance(error, PoolTimeout):
        return DatabaseBusy(database, str(error))
    cause: BaseException = error
    lost = isinstance(error, OSError)
    if isinstance(error, DBAPIError):
        cause = error.orig or error
        lost = error.connection_invalidated or isinstance(cause, OSError)
    kind = _kind(cause) or (DatabaseUnreachable if lost else None)
    return None if kind is None else kind(database, _reason(cause))


def _kind(cause: BaseException) -> type[DatabaseFault] | None:
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(code, int):
        return SQLITE.get(code & 0xFF)  # the low byte is the primary code
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return next((POSTGRESQL[state[:size]] for size in (5, 3, 2) if state[:size] in POSTGRESQL), None)
    return None


def _reason(cause: BaseException) -> str:
    return (str(cause) or type(cause).__name__).strip().rstrip(".").split("\n", 1)[0]
