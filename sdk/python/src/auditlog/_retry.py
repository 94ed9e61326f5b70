"""How long to wait before what failed is tried again."""

from __future__ import annotations

import email.utils
import random
import time
from typing import Optional

MOST_PAUSE = 30.0
MOST_RETRY_AFTER = 120.0
"""How long, in seconds, a log can make one wait."""


def pause(failures: int, first: float) -> float:
    """Seconds to wait after so many failures in a row: doubled by each, one half of them random."""
    span = min(first * 2.0 ** min(failures - 1, 30), MOST_PAUSE)
    return span / 2 + random.uniform(0, span / 2)


def retry_after(header: Optional[str], now: Optional[float] = None) -> float:
    """Reads a Retry-After header, which holds seconds or a date: 0 where it holds neither."""
    if not header:
        return 0.0
    header = header.strip()
    if header.isascii() and header.isdigit():
        return min(float(int(header[:12])), MOST_RETRY_AFTER)
    try:
        at = email.utils.parsedate_to_datetime(header)
        left = at.timestamp() - (time.time() if now is None else now)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(left, 0.0), MOST_RETRY_AFTER)
