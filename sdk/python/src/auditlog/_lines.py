"""Answers that are read as they arrive."""

from __future__ import annotations

import http.client
from typing import Iterator

from ._errors import AuditLogError


def parts(response: http.client.HTTPResponse, what: str) -> Iterator[bytes]:
    """What comes of an answer, until it is whole; an error if it breaks off before."""
    with response:
        while True:
            try:
                # Not readline, which takes a connection that broke for the end.
                part = response.read1(1 << 16)
            except (OSError, http.client.HTTPException) as err:
                raise AuditLogError("unavailable", f"{what} ended before it was whole") from err
            if not part:
                return
            yield part


def lines(response: http.client.HTTPResponse, what: str) -> Iterator[bytes]:
    """Its lines, with their ends."""
    rest = b""
    for part in parts(response, what):
        whole = (rest + part).splitlines(keepends=True)
        rest = whole.pop() if not whole[-1].endswith(b"\n") else b""
        yield from whole
    if rest:
        yield rest
