#!/bin/sh
# An upgrade restarts the service; only a removal stops it.
set -e
case "$1" in
  remove | 0)
    if [ -z "${DPKG_ROOT:-}" ] && [ -d /run/systemd/system ]; then systemctl disable --now auditlog.service || true; fi
    ;;
esac
