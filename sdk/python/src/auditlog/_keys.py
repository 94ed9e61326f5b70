"""Keys for entries that have none, so that a retry records nothing twice."""

from __future__ import annotations

import itertools
import os
import struct
import time

_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class Keys:
    """Makes keys of 24 letters and digits that sort as they were made: the log keeps these small.

    They are the second of the start, 48 random bits, and a count of 40 bits. A process that
    is forked makes a start of its own.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._prefix = struct.pack(">I", int(time.time()) & 0xFFFFFFFF) + os.urandom(6)
        self._count = itertools.count(1)

    def next(self) -> str:
        if os.getpid() != self._pid:
            self._begin()
        raw = self._prefix + struct.pack(">Q", next(self._count))[3:]
        bits = int.from_bytes(raw, "big")  # 15 bytes are 24 digits of 5 bits
        return "".join(_DIGITS[bits >> 5 * i & 31] for i in range(23, -1, -1))
