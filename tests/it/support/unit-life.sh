#!/usr/bin/env bash
# Run by systemd-user.sh: the life of goen.service, as the README installs it. Prints what is seen.
set -u
export SYSTEMD_PAGER= SYSTEMD_COLORS=0
see() { printf '%s: ' "$1"; for name in ActiveState SubState NRestarts Result ExecMainStatus; do systemctl --user show goen -p $name --value; done | paste -sd ' '; }
# Waits until a property has a value, at most 20 s.
await() { for _ in $(seq 200); do [ "$(systemctl --user show goen -p "$1" --value)" = "$2" ] && return 0; sleep .1; done; echo "gave up waiting for $1=$2"; return 1; }
main_pid() { systemctl --user show goen -p MainPID --value; }

systemd-analyze --user verify --man=no --recursive-errors=no ~/.config/systemd/user/goen.service && echo "verify: fine"
systemctl --user daemon-reload

systemctl --user start goen
echo "start: status $?"
await ActiveState active
await StatusText "0 アカウントを見守り中。受信できていません: uni" && echo "status: $(systemctl --user show goen -p StatusText --value)"
pid=$(main_pid)
grep -E '^(NoNewPrivs|Seccomp):' "/proc/$pid/status" | paste -sd ' '
~/.cargo/bin/goen status | head -1

kill -KILL "$pid"
await NRestarts 1 && await ActiveState active && echo "killed: restarted"

kill -STOP "$(main_pid)"
await NRestarts 2 && await ActiveState active && echo "hung: restarted by the watchdog"

systemctl --user reload goen && sleep .5
see "reloaded"

echo 'lookback = 3' >> ~/.config/goen/config.toml
systemctl --user reload goen && sleep .5
see "reloaded with settings that cannot be used"

systemctl --user restart goen
await ActiveState failed
sleep 1
see "started with settings that cannot be used"
sed -i '$d' ~/.config/goen/config.toml
systemctl --user reset-failed goen
systemctl --user start goen && await ActiveState active && echo "mended: active"
systemctl --user stop goen
see "stopped"
