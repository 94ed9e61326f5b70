"""Recording in the background."""

from __future__ import annotations

import collections
import os
import threading
import time
from typing import Any, Callable, Deque, List, Optional

from ._client import MAX_BATCH, Client, Entry
from ._errors import AuditLogError, Dropped
from ._retry import pause


class Queue:
    """Records entries in the background: whoever adds one never waits for the log.

    While the log cannot be reached the entries wait, and are tried again for as long as it
    takes; when more than ``size`` wait, further ones are dropped and counted. ``on_drop`` is
    told of every entry that will not be in the log, and why: :class:`Dropped`, or the log's own
    refusal as an :class:`AuditLogError`. It is called from the thread that adds or from the
    queue's own, and must not block.

    Entries that wait are lost when the process ends without :meth:`close`. A process that is
    forked needs a queue of its own.
    """

    def __init__(self, client: Client, size: int = 10_000,
                 on_drop: Optional[Callable[[Entry, Exception], Any]] = None) -> None:
        self._client, self._size, self._on_drop = client, size, on_drop
        self._changed = threading.Condition()
        self._waiting: Deque[dict] = collections.deque()
        self._sending = 0
        self._closed = False
        self._given_up = threading.Event()
        self._dropped = 0
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="auditlog-queue", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Queue":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def add(self, entry: Entry) -> bool:
        """Takes an entry to be recorded, with the present time unless it has one; False if it
        does not because it is full or closed."""
        if os.getpid() != self._pid:
            raise RuntimeError("a Queue does not survive a fork: make one in each process")
        e = self._client.prepare(entry)
        if not e.get("createdAt"):
            e["createdAt"] = _now()
        with self._changed:
            if self._closed:
                why = Dropped("the queue is closed")
            elif len(self._waiting) + self._sending >= self._size:
                why = Dropped("the queue is full")
            else:
                self._waiting.append(e)
                self._changed.notify_all()
                return True
        self._drop(e, why)
        return False

    @property
    def dropped(self) -> int:
        """How many entries this queue was given that are not in the log and will not be."""
        with self._changed:
            return self._dropped

    def close(self, timeout: Optional[float] = 30.0) -> bool:
        """Takes no more, and waits until those that wait are recorded: True. When the timeout in
        seconds passes before, those left are dropped: False. May be called again."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)
        if not self._thread.is_alive():
            return True
        with self._changed:
            self._given_up.set()
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for e in left:
            self._drop(e, Dropped("the queue was closed before the log took it"))
        self._thread.join(1.0)
        return False

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting or self._given_up.is_set():
                    return
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
                self._sending = len(batch)
            try:
                self._record(batch)
            finally:
                with self._changed:
                    self._sending = 0

    def _record(self, batch: List[dict]) -> None:
        """Records a batch for as long as it takes, and drops what the log refuses."""
        failures = 0
        while True:
            try:
                result = self._client._record(batch, self._given_up)
                for e, became in zip(batch, result["entries"]):
                    if became.get("conflict"):
                        self._drop(e, AuditLogError("conflict", f"entry {became.get('id')} has its key", status=409))
                return
            except AuditLogError as err:
                if err.refused:
                    return self._halve(batch, err)
            except (TypeError, ValueError) as err:  # what is no JSON
                return self._halve(batch, Dropped(f"it is no JSON: {err}"))
            failures += 1
            if self._given_up.wait(pause(failures + 7, 0.1)):
                for e in batch:
                    self._drop(e, Dropped("the queue was closed before the log took it"))
                return

    def _halve(self, batch: List[dict], why: Exception) -> None:
        """One bad entry must not take the others with it."""
        if len(batch) == 1:
            return self._drop(batch[0], why)
        half = len(batch) // 2
        self._record(batch[:half])
        self._record(batch[half:])

    def _drop(self, entry: Entry, why: Exception) -> None:
        with self._changed:
            self._dropped += 1
        if self._on_drop is not None:
            self._on_drop(entry, why)


def _now() -> str:
    ns = time.time_ns()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 10**9)) + ".%06dZ" % (ns // 1000 % 10**6)
