"""The calls of the API."""

from __future__ import annotations

import datetime
import threading
from typing import Any, Iterable, Iterator, List, Mapping, Optional, Union

from ._errors import AuditLogError
from ._follow import follow
from ._keys import Keys
from ._lines import lines, parts
from ._transport import Transport

MAX_BATCH = 1000
"""How many entries go into one request; the log takes 10,000 at most."""
MAX_BATCH_SIZE = 8 << 20
"""About how many bytes go into one request; the log takes 32 MiB at most."""

Entry = Mapping[str, Any]
Time = Union[str, datetime.datetime]


class Client:
    """Calls the API of one log. Safe to use from many threads.

    ``timeout`` bounds each try in seconds; ``tries`` is how often recording and reading are
    tried before they fail, with growing pauses from ``pause`` seconds on; what changes projects
    and tokens is tried once. ``ca_cert`` is a file with the certificates to trust instead of
    the system's. ``channel`` (api, console, cli or mcp) goes on entries that have none.
    """

    def __init__(self, url: str = "http://127.0.0.1:7070", token: Optional[str] = None, *, timeout: float = 30.0,
                 tries: int = 8, pause: float = 0.1, ca_cert: Optional[str] = None, channel: Optional[str] = None,
                 user_agent: str = "auditlog-python") -> None:
        headers = {"User-Agent": user_agent}
        if channel:
            headers["X-Auditlog-Channel"] = channel
        self._transport = Transport(url, token, timeout=timeout, tries=max(tries, 1), first_pause=pause,
                                    ca_cert=ca_cert, headers=headers)
        self._channel = channel
        self._keys = Keys()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections to the log. The client opens new ones if it is used again."""
        self._transport.close()

    def record(self, *entries: Entry) -> dict:
        """Records entries and returns once they are on the log's disk.

        The result counts ``recorded``, ``duplicates``, ``conflicts`` and ``skipped``, and its
        ``entries`` say what became of each. Up to 1,000 entries of 8 MiB are recorded wholly
        or not at all; of more, an error has what became of those before as its ``result``. An
        entry without a key is given one, so that a retry never records it twice. One whose
        key another entry has is a ``conflict`` in the result, not an error.
        """
        made = [not e.get("key") for e in entries]
        return _reclaim(self._record([self.prepare(e) for e in entries], None), made)

    def prepare(self, entry: Entry) -> dict:
        """A copy of an entry that can be sent again and again: with a key, and times as texts."""
        e = {k: v for k, v in entry.items() if v is not None}
        if not e.get("key"):
            e["key"] = self._keys.next()
        if self._channel and not e.get("channel"):
            e["channel"] = self._channel
        if isinstance(e.get("createdAt"), datetime.datetime):
            e["createdAt"] = _text(e["createdAt"])
        return e

    def _record(self, entries: List[dict], stop: Optional[threading.Event]) -> dict:
        total = {"recorded": 0, "duplicates": 0, "conflicts": 0, "skipped": 0, "entries": []}
        done = 0
        for batch in _batches(entries):
            try:
                result = self._transport.call("auditLog.record", {"entries": batch}, stop=stop)
            except AuditLogError as err:
                if err.entry is not None:
                    err.move(done)
                err.result = total
                raise
            for name in ("recorded", "duplicates", "conflicts", "skipped"):
                total[name] += result.get(name, 0)
            total["entries"] += result.get("entries", [])
            done += len(batch)
        return total

    def list(self, project: Optional[str] = None, **filters: Any) -> Iterator[dict]:
        """Yields the entries that the filters select, newest first, page by page.

        Filters are those of the API: ``outcome="failure"``, ``actor=["a", "b"]``, ``q="words"``;
        ``from_`` and ``to`` are times, ``not_={"actor": "ci@acme"}`` excludes, and ``limit`` is
        how many entries a page has.
        """
        request = _request(project, filters)
        while True:
            page = self._transport.call("auditLog.list", request)
            yield from page.get("items") or ()
            if not page.get("nextCursor"):
                return
            request["cursor"] = page["nextCursor"]

    def list_page(self, project: Optional[str] = None, **filters: Any) -> dict:
        """One page: ``items``, and ``nextCursor`` where there are more."""
        return self._transport.call("auditLog.list", _request(project, filters))

    def get(self, project: str, id: int) -> dict:
        """One entry."""
        return self._transport.call("auditLog.get", {"project": project, "id": id})

    def stats(self, project: Optional[str] = None, **filters: Any) -> dict:
        """Counts over time and by value of what the filters select."""
        return self._transport.call("auditLog.stats", _request(project, filters))

    def export(self, project: Optional[str] = None, *, format: str = "ndjson", **filters: Any) -> Iterator[bytes]:
        """Yields everything that the filters select as lines of NDJSON or CSV, as they arrive.

        It ends with an error if the answer ends before it is whole.
        """
        response = self._transport.stream("auditLog.export", {**_request(project, filters), "format": format})
        yield from lines(response, "the export")

    def pull(self, project: Optional[str] = None, **filters: Any) -> Iterator[dict]:
        """Yields the log in commit order, for machines: complete, part by part.

        Each part has ``items`` and the ``nextCursor`` to go on behind it. With ``waitSeconds`` it
        never ends by itself, else where nothing is new.
        """
        request = _request(project, filters)
        wait = float(request.get("waitSeconds") or 0)
        while True:
            part = self._transport.call("auditLog.pull", request, longer=wait)
            yield part
            if not wait and part["covered"]["to"] >= part["newest"]:
                return
            request["cursor"] = part["nextCursor"]

    def follow(self, project: Optional[str] = None, **filters: Any) -> Iterator[dict]:
        """Yields what is recorded, as it comes.

        Each event has a ``cursor`` and a ``type``: of an ``entry``, the ``entry``; of what is
        ``skipped``, ``purged``, ``damaged`` or ``lost``, the ``range`` of numbers. A connection
        that breaks is made again behind what came last; it ends with an error that no other try
        helps with.
        """
        return follow(self._transport, _request(project, filters))

    def status(self, zone: Optional[str] = None) -> dict:
        """How the log is: what comes in, its disk, checks, checkpoints, backups, sinks."""
        return self._transport.call("log.status", _request(None, {"zone": zone}))

    def stream(self, method: str, **request: Any) -> Iterator[bytes]:
        """Yields the answer of any method that does not answer with JSON, part by part:
        ``stream("log.backup", recipients=["age1…"])``."""
        yield from parts(self._transport.stream(method, _request(None, request)), method)

    def call(self, method: str, again: bool = False, **request: Any) -> Any:
        """Any method of the API that answers with JSON: ``call("project.list")``, ``call("token.revoke", id="…")``.

        It is tried once, unless ``again`` says that doing it twice is the same as once.
        """
        return self._transport.call(method, _request(None, request), again=again)


def _reclaim(result: dict, made: List[bool]) -> dict:
    """Counts as recorded what the log takes for duplicates because an earlier try had recorded it:
    nobody else knows the keys that were made here."""
    for entry, here in zip(result["entries"], made):
        if here and entry.pop("duplicate", False):
            result["duplicates"] -= 1
            result["recorded"] += 1
    return result


def _batches(entries: List[dict]) -> Iterable[List[dict]]:
    batch: List[dict] = []
    size = 0
    for e in entries:
        n = _size(e)
        if batch and (len(batch) >= MAX_BATCH or size + n > MAX_BATCH_SIZE):
            yield batch
            batch, size = [], 0
        batch.append(e)
        size += n
    if batch:
        yield batch


def _size(value: Any) -> int:
    """About how many bytes a value takes as JSON, more rather than less."""
    if isinstance(value, str):
        return 4 * len(value) + 4
    if isinstance(value, Mapping):
        return 2 + sum(_size(k) + _size(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(_size(v) for v in value)
    return 24


def _request(project: Optional[str], filters: Mapping[str, Any]) -> dict:
    request = {} if project is None else {"project": project}
    for name, value in filters.items():
        if value is None:
            continue
        if isinstance(value, datetime.datetime):
            value = _text(value)
        request[name[:-1] if name in ("from_", "not_") else name] = value
    return request


def _text(at: datetime.datetime) -> str:
    if at.tzinfo is None:
        raise AuditLogError("invalid", "a time without a zone could be any: give it one, such as datetime.timezone.utc")
    return at.astimezone(datetime.timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
