"""One request to the log, and its answer."""

from __future__ import annotations

import http.client
import json
import os
import queue
import ssl
import threading
import time
import urllib.parse
from typing import Any, Mapping, Optional

from ._errors import AuditLogError, code_of_status
from ._retry import MOST_RETRY_AFTER, pause, retry_after

KEPT_CONNECTIONS = 16


class Transport:
    """Makes calls over connections that it keeps for the next. Safe to use from many threads.

    It follows no redirect, since entries and tokens go where they are meant for, and asks no
    proxy of the environment.
    """

    def __init__(self, url: str, token: Optional[str], *, timeout: float, tries: int, first_pause: float,
                 ca_cert: Optional[str], headers: Mapping[str, str]) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AuditLogError("invalid", f"the log's address {url!r} is no http or https URL")
        try:
            self._address = (parts.hostname, parts.port)
        except ValueError as err:
            raise AuditLogError("invalid", f"the log's address {url!r}: {err}") from err
        self._base = parts.path.rstrip("/")
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{self._base}"
        self._tls = ssl.create_default_context(cafile=ca_cert) if parts.scheme == "https" else None
        self._timeout, self._tries, self._first_pause = timeout, tries, first_pause
        self._headers = {"Content-Type": "application/json", **headers}
        token = (token or "").strip()
        if any(ord(c) <= 0x20 or ord(c) >= 0x7F for c in token):
            raise AuditLogError("unauthenticated", "the token holds a space, a line break or another odd character")
        if token:
            self._headers["Authorization"] = "Bearer " + token
        self._idle: "queue.LifoQueue[http.client.HTTPConnection]" = queue.LifoQueue(KEPT_CONNECTIONS)
        self._pid = os.getpid()

    def call(self, method: str, request: Any, *, again: bool = True, stop: Optional[threading.Event] = None,
             longer: float = 0.0) -> Any:
        """Calls a method and returns its result; what may be done again is tried again, until
        stop is set. Each try may take so many seconds longer."""
        body = json.dumps(request, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
        tries = self._tries if again else 1
        for n in range(1, tries + 1):
            try:
                return self._once(method, body, again, longer)
            except AuditLogError as err:
                if n == tries:
                    raise
                seconds = self.wait(err, n)
                if stop is None:
                    time.sleep(seconds)
                elif stop.wait(seconds):
                    raise
        raise AssertionError("unreachable")

    def wait(self, err: AuditLogError, n: int) -> float:
        """How many seconds to wait after a failure, the n-th in a row. Where no other try helps it is raised."""
        if n >= self._tries or not _passing(err):
            raise err
        return err.retry_after + pause(n, self._first_pause)

    def stream(self, method: str, request: Any, silence: Optional[float] = None) -> http.client.HTTPResponse:
        """Calls a method whose answer is no JSON, and returns that to be read and closed. It may be
        silent for so many seconds."""
        body = json.dumps(request, allow_nan=False).encode("utf-8")
        conn = self._connect(silence)
        try:
            response = self._send(conn, method, body)
            if response.status != 200:
                raise self._failure(response, response.read())
        except (OSError, http.client.HTTPException) as err:
            conn.close()
            raise self._unreachable(err) from err
        except BaseException:
            conn.close()
            raise
        return response

    def close(self) -> None:
        """Closes the connections that are kept."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _once(self, method: str, body: bytes, again: bool, longer: float) -> Any:
        # One that was kept may have been closed by the other side, which is found out only by
        # using it: what must not be done twice takes a fresh one, as does what takes longer.
        conn = self._take() if again and not longer else self._connect(self._timeout + longer)
        try:
            response = self._send(conn, method, body)
            data = response.read()
        except (OSError, http.client.HTTPException) as err:
            conn.close()
            raise self._unreachable(err) from err
        except BaseException:
            conn.close()  # an answer that is half read must not be the next call's
            raise
        if longer:
            conn.close()
        else:
            self._keep(conn, response)
        if response.status != 200:
            raise self._failure(response, data)
        answer = _parse(data)
        if answer is None or not answer.get("ok") or "result" not in answer:
            if answer is not None and isinstance(answer.get("error"), dict):
                raise self._failure(response, data)
            raise AuditLogError("invalid", f"{self.url} does not answer as an audit log does", status=200)
        return answer["result"]

    def _send(self, conn: http.client.HTTPConnection, method: str, body: bytes) -> http.client.HTTPResponse:
        conn.request("POST", f"{self._base}/{method}", body=body, headers=self._headers)
        return conn.getresponse()

    def _connect(self, timeout: Optional[float] = None) -> http.client.HTTPConnection:
        host, port = self._address
        timeout = self._timeout if timeout is None else timeout
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _take(self) -> http.client.HTTPConnection:
        if os.getpid() != self._pid:  # forked: the connections are the parent's
            self._idle, self._pid = queue.LifoQueue(KEPT_CONNECTIONS), os.getpid()
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._connect()

    def _keep(self, conn: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        try:
            if not response.will_close:
                return self._idle.put_nowait(conn)
        except queue.Full:
            pass
        conn.close()

    def _unreachable(self, err: BaseException) -> AuditLogError:
        return AuditLogError("unavailable", f"cannot reach the log at {self.url}: {err or type(err).__name__}")

    def _failure(self, response: http.client.HTTPResponse, data: bytes) -> AuditLogError:
        if 300 <= response.status < 400:
            location = (response.getheader("Location") or "")[:200]
            return AuditLogError("invalid", f"{self.url} sends on to {location!r}, where nothing is sent: "
                                 "set the log's address to where it is", status=response.status)
        answer = _parse(data) or {}
        error = answer.get("error")
        if not isinstance(error, dict):
            error = {"code": code_of_status(response.status),
                     "message": f"{self.url} answered {response.status} {response.reason}"}
        failure = AuditLogError(str(error.get("code")), str(error.get("message")), status=response.status, detail=error,
                                retry_after=retry_after(response.getheader("Retry-After")))
        if isinstance(answer.get("result"), dict):
            failure.result = answer["result"]
        return failure


def _parse(data: bytes) -> Optional[dict]:
    try:
        answer = json.loads(data)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _passing(err: AuditLogError) -> bool:
    """Whether a next try may succeed. A limit for a day is the caller's to know of, not to wait for."""
    if err.code == "rate_limited":
        return err.retry_after < MOST_RETRY_AFTER
    return err.code in ("unavailable", "internal")
