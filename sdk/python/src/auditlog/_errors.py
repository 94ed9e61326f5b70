"""What can go wrong, as values."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class AuditLogError(Exception):
    """A call that failed.

    ``code`` is the log's word for why: invalid, unauthenticated, forbidden, not_found,
    conflict, too_large, rate_limited, unavailable or internal. A log that cannot be reached
    is unavailable. ``entry`` is the place, from 0, of the entry that it is about, ``path``
    the field, ``limit`` the limit that was reached, ``request_id`` what the log's own lines
    call the call, ``status`` that of the answer, or 0 where there was none.

    ``result`` is what became of the batches before the one that failed, of a call to record
    that was more than one batch.
    """

    def __init__(self, code: str, message: str, *, status: int = 0,
                 detail: Optional[Mapping[str, Any]] = None, retry_after: float = 0.0) -> None:
        super().__init__(message)
        detail = detail or {}
        self.code = code
        self.message = message
        self.status = status
        self.path: Optional[str] = detail.get("path")
        self.entry: Optional[int] = detail.get("entry")
        self.line: Optional[int] = detail.get("line")
        self.limit: Optional[str] = detail.get("limit")
        self.request_id: Optional[str] = detail.get("requestId")
        self.retry_after = retry_after
        self.result: Optional[dict] = None

    def move(self, by: int) -> None:
        """Counts the entry that the error is about from so many before its batch."""
        here = f"entries[{self.entry}]"
        self.entry += by
        there = f"entries[{self.entry}]"
        self.message = self.message.replace(here, there, 1)
        self.args = (self.message,)
        if self.path is not None:
            self.path = self.path.replace(here, there, 1)

    @property
    def refused(self) -> bool:
        """Whether the log will never take what it answered so."""
        return self.code in ("invalid", "forbidden", "conflict", "too_large")


class Dropped(Exception):
    """Why a Queue drops an entry, where it was not the log that refused it."""


CODES = {400: "invalid", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict",
         413: "too_large", 429: "rate_limited", 503: "unavailable"}


def code_of_status(status: int) -> str:
    """The code that an answer stands for which is not the log's own, such as a proxy's."""
    if status in CODES:
        return CODES[status]
    return "invalid" if 400 <= status < 500 else "unavailable" if status in (502, 504) else "internal"
