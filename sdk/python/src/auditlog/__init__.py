"""Speaks to an audit log.

A :class:`Client` records entries and reads them back; a :class:`Queue` records in the
background, for services that must not wait for the log. Entries are dicts, as the API has
them. The package stands on the standard library alone.
"""

from ._client import Client
from ._errors import AuditLogError, Dropped
from ._queue import Queue

__all__ = ["AuditLogError", "Client", "Dropped", "Queue"]
