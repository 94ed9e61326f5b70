#!/bin/sh
# The user of the service, where the machine has a way to make it. Nothing is started.
set -e
root="${DPKG_ROOT:-}"
if command -v systemd-sysusers > /dev/null 2>&1; then
  systemd-sysusers --root="${root:-/}" auditlog.conf
elif ! grep -q '^auditlog:' "$root/etc/passwd" 2> /dev/null && command -v useradd > /dev/null 2>&1; then
  useradd --prefix "$root" --system --user-group --home-dir /var/lib/auditlog --no-create-home --shell /usr/sbin/nologin auditlog
fi
if [ -z "$root" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # An upgrade goes on with the new program.
  systemctl try-restart auditlog.service || true
fi
