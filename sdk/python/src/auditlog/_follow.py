"""What is recorded, as it comes."""

from __future__ import annotations

import json
import time
from typing import Iterator, Optional

from ._errors import AuditLogError
from ._lines import lines
from ._transport import Transport

SILENCE = 60.0
"""How many seconds a log that sends something every 15 seconds may be silent."""


def follow(transport: Transport, request: dict) -> Iterator[dict]:
    """Yields events, and goes on behind the last where a connection breaks."""
    request, failures = dict(request), 0
    while True:
        try:
            for event in _once(transport, request):
                failures, request["cursor"] = 0, event["cursor"]
                yield event
            raise AuditLogError("unavailable", "what is followed ended")
        except AuditLogError as err:
            failures += 1
            time.sleep(transport.wait(err, failures))


def _once(transport: Transport, request: dict) -> Iterator[dict]:
    cursor, name, data = "", "", b""
    for line in lines(transport.stream("auditLog.follow", request, SILENCE), "what is followed"):
        field, _, value = line.rstrip(b"\r\n").partition(b": ")
        if field == b"id":
            cursor = value.decode()
        elif field == b"event":
            name = value.decode()
        elif field == b"data":
            data = value
        elif line.strip() == b"":
            event = _event(name, data, cursor)
            if event is not None:
                yield event
            name, data = "", b""


def _event(name: str, data: bytes, cursor: str) -> Optional[dict]:
    """The event with a name, if it is one that is known. What ends the events is an error."""
    if name == "entry":
        return {"type": name, "entry": json.loads(data), "cursor": cursor}
    if name in ("skipped", "purged", "damaged", "lost"):
        return {"type": name, "range": json.loads(data), "cursor": cursor}
    if name == "end":
        detail = json.loads(data)
        raise AuditLogError(detail["code"], detail["message"], detail=detail)
    return None
