#!/bin/sh
# The log in /var/lib/auditlog stays, whatever is removed.
set -e
if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
