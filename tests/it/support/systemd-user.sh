#!/usr/bin/env bash
# systemd-user.sh HOME COMMAND...: a real `systemd --user` on a machine whose PID 1 may be anything.
# SYSTEMD_WRAPPER, if set, is what systemd itself is run by.
# Runs COMMAND as the owner of HOME (a folder of the test's own) with a working `systemctl --user`.
#
# Needs root and systemd. A private mount, PID and cgroup namespace in which /run/systemd/system
# exists (so that systemd believes the machine was booted with it) and /sys/fs/cgroup is cgroup2.
set -eu
export USER_HOME=$1
USER_ID=$(stat -c %u "$1")
export USER_ID
shift
exec unshare --mount --pid --fork --mount-proc --cgroup --propagation private --kill-child bash -euc '
group=goen-test-$$-$RANDOM
umount -R /sys/fs/cgroup 2>/dev/null || umount -Rl /sys/fs/cgroup
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 /sys/fs/cgroup 2>/dev/null || mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/$group/manager /sys/fs/cgroup/$group/command
echo $$ >/sys/fs/cgroup/$group/command/cgroup.procs
chown -R "$USER_ID:$USER_ID" /sys/fs/cgroup/$group
# What PID 1 would have made: unit-root for mount namespaces, credentials for LoadCredential.
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system /run/systemd/unit-root /run/credentials /run/lock /run/user
mkdir -m700 "/run/user/$USER_ID"
chown "$USER_ID:$USER_ID" "/run/user/$USER_ID"
name=$(getent passwd "$USER_ID" | cut -d: -f1)
as_user() {
  setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    HOME="$USER_HOME" USER="$name" LOGNAME="$name" SHELL=/bin/sh LANG=C.UTF-8 XDG_RUNTIME_DIR="/run/user/$USER_ID" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$USER_ID/bus" "$@"
}
(echo $BASHPID >/sys/fs/cgroup/$group/manager/cgroup.procs; as_user ${SYSTEMD_WRAPPER:-} /lib/systemd/systemd --user >"$USER_HOME/systemd.log" 2>&1) &
for _ in $(seq 100); do
  [ -S "/run/user/$USER_ID/systemd/private" ] && [ -S "/run/user/$USER_ID/bus" ] && break
  sleep .1
done
[ -S "/run/user/$USER_ID/bus" ] || { echo "systemd --user did not start:" >&2; cat "$USER_HOME/systemd.log" >&2; exit 97; }
set +e
as_user "$@"
status=$?
as_user systemctl --user exit 2>/dev/null
sleep .3
exit $status
' bash "$@"
