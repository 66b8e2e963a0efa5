#!/usr/bin/env bash
# Run by systemd-user.sh where user namespaces are forbidden: `goen service install` finds out. Prints what is seen.
set -u
export SYSTEMD_PAGER='' SYSTEMD_COLORS=0
systemd-run --user --quiet --wait --collect -p PrivateUsers=yes true
echo "a user namespace: status $?"
~/.cargo/bin/goen service install
echo "install: status $?"
~/.cargo/bin/goen service status
systemctl --user stop goen
