#!/usr/bin/env bash
# Run by systemd-user.sh: the life of goen.service, as `goen service install` installs it. Prints what is seen.
set -u
export SYSTEMD_PAGER='' SYSTEMD_COLORS=0
here=$(dirname "$0")
export PATH=$HOME/.cargo/bin:$PATH
see() { printf '%s: ' "$1"; for name in ActiveState SubState NRestarts Result ExecMainStatus; do systemctl --user show goen -p $name --value; done | paste -sd ' '; }
# Waits until a property has a value, at most 20 s.
await() { for _ in $(seq 200); do [ "$(systemctl --user show goen -p "$1" --value)" = "$2" ] && return 0; sleep .1; done; echo "gave up waiting for $1=$2"; return 1; }
main_pid() { systemctl --user show goen -p MainPID --value; }
drop_ins=~/.config/systemd/user/goen.service.d
# Runs a command in place of goen, in the same sandbox, and prints what it printed.
inside() {
  printf '[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStart=\nExecStart=%s\nStandardOutput=file:%s\nStandardError=file:%s\n' \
    "$*" "$HOME/said" "$HOME/said" >$drop_ins/inside.conf
  : >~/said
  systemctl --user daemon-reload
  systemctl --user start goen
  sed 's/^/inside: /' ~/said
  rm $drop_ins/inside.conf
  systemctl --user daemon-reload
}

goen service status
goen service install | tail -1
see "installed"
systemd-analyze --user verify --man=no --recursive-errors=no ~/.config/systemd/user/goen.service && echo "verify: fine"
systemd-analyze --user security goen | grep Overall
# The same unit with shorter waits.
mkdir -p $drop_ins
printf '[Service]\nRestartSec=200ms\nWatchdogSec=2\nEnvironment=LANG=ja_JP.UTF-8\n' >$drop_ins/fast.conf
systemctl --user daemon-reload

systemctl --user restart goen
echo "start: status $?"
await ActiveState active
await StatusText "0 アカウントを見守り中。受信できていません：uni" && echo "status: $(systemctl --user show goen -p StatusText --value)"
goen status | head -1
goen service status

kill -KILL "$(main_pid)"
await NRestarts 1 && await ActiveState active && echo "killed: restarted"

kill -STOP "$(main_pid)"
await NRestarts 2 && await ActiveState active && echo "hung: restarted by the watchdog"

systemctl --user reload goen && sleep .5
see "reloaded"

cp ~/.config/goen/config.toml ~/good.toml
echo 'lookback = 3' >>~/.config/goen/config.toml
systemctl --user reload goen && sleep .5
see "reloaded with settings that cannot be used"

systemctl --user restart goen
await ActiveState failed
sleep 1
see "started with settings that cannot be used"
goen service status | head -1
goen service install
echo "install with settings that cannot be used: status $?"
cp ~/good.toml ~/.config/goen/config.toml
goen service install | tail -1
see "mended"

# A desktop that the user logs in to and out of.
goen service install --session graphical | tail -1
mkdir -p ~/.config/systemd/user
printf '[Unit]\nBindsTo=graphical-session.target\nBefore=graphical-session.target\n' >~/.config/systemd/user/desktop.target
systemctl --user daemon-reload
systemctl --user stop goen
systemctl --user start desktop.target && await ActiveState active && see "logged in"
systemctl --user stop desktop.target && await ActiveState inactive && see "logged out"
systemctl --user start desktop.target && await ActiveState active && see "logged in again"
systemctl --user stop desktop.target && await ActiveState inactive

# What the sandbox allows and refuses, asked from inside.
mkdir -p ~/.ssh && touch ~/.ssh/id /tmp/goen-outside
inside /usr/bin/python3 "$here/sandbox-probe.py"
rm /tmp/goen-outside

# Keyring, session bus and notification server, from inside.
cat >>~/.config/goen/config.toml <<'S'
[[accounts]]
name = "keyring"
address = "hanako@example.jp"
imap = { host = "127.0.0.1", port = 1 }
[[accounts]]
name = "credential"
address = "hanako@example.jp"
imap = { host = "127.0.0.1", port = 1 }
secret = { credential = "mail-password" }
S
mkfifo ~/display && exec 3<>~/display
Xvfb -displayfd 3 -screen 0 800x400x24 -nolisten tcp >/dev/null 2>&1 &
read -r display <&3
DISPLAY=:$display dunst >/dev/null 2>&1 &
printf 'unlock' | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
for _ in $(seq 100); do
  busctl --user --no-legend list | grep -q '^org.freedesktop.secrets ' && busctl --user --no-legend list | grep -q '^org.freedesktop.Notifications ' && break
  sleep .1
done
printf 'パスワード' | secret-tool store --label=goen service goen account keyring
printf 'パスワード\n' >~/mail-password && chmod 600 ~/mail-password
printf '[Service]\nLoadCredential=mail-password:%%h/mail-password\n' >$drop_ins/credential.conf
inside "$HOME/.cargo/bin/goen" --lang en doctor
inside "$HOME/.cargo/bin/goen" --lang en notify-test
dunstctl count displayed 2>/dev/null | sed 's/^/notifications on the screen: /'

goen service uninstall | tail -1
see "uninstalled"


kill %1 %2 %3 2>/dev/null
