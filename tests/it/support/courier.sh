#!/bin/bash
# A Courier IMAP server that leaves the machine as it is. Debian's package cannot be installed beside
# Dovecot's (both are `imap-server`), so it is installed into an overlay over / and runs in a mount
# namespace of its own. Needs root. Loopback ports are the machine's.
#
#   courier.sh install LAYER              downloads and installs into LAYER, unless it is there
#   courier.sh serve LAYER FOLDER PORT    serves the Maildirs in FOLDER/mail at 127.0.0.1:PORT, in the
#                                         foreground; users alice and bob; ends with its standard input
set -euo pipefail
command=$1 layer=$2

# Everything of the overlay is in this process's mount namespace and ends with it.
if [ "${GOEN_OWN_MOUNTS:-}" = "" ]; then
  GOEN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "$@"
fi

# overlay FOLDER: makes the root file system of the server, FOLDER/up over /.
overlay() {
  local folder=$1
  mkdir -p "$folder"/{up,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$folder/root"
  for part in proc dev sys; do mount --rbind "/$part" "$folder/root/$part"; done
  mount -t tmpfs tmpfs "$folder/root/run"
  mkdir -p "$folder/root/run/lock"
}

case $command in
install)
  [ -e "$layer/done" ] && exit 0
  rm -rf "$layer"
  overlay "$layer"
  printf '#!/bin/sh\nexit 101\n' >"$layer/root/usr/sbin/policy-rc.d"
  chmod 755 "$layer/root/usr/sbin/policy-rc.d"
  chroot "$layer/root" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -qq --no-install-recommends courier-imap </dev/null
  umount -R "$layer/root"
  touch "$layer/done"
  ;;
serve)
  folder=$3 port=$4
  # A file system in memory: an overlay on an overlay (in a container) is not possible.
  mkdir -p "$folder/root"
  mount -t tmpfs tmpfs "$folder/root"
  mkdir "$folder/root/up"
  cp -a "$layer/up/." "$folder/root/up"
  overlay "$folder/root"
  root=$folder/root/root
  mkdir -p "$root/mail"
  mount --bind "$folder/mail" "$root/mail"
  chown -R mail:mail "$folder/mail"
  chroot "$root" env PORT="$port" bash -euo pipefail <<'INSIDE' >"$folder/courier.log" 2>&1
  hash=$(openssl passwd -6 'wonder land')
  for user in alice bob; do
    userdb $user set uid="$(id -u mail)" gid="$(id -g mail)" home=/mail/$user mail=/mail/$user/Maildir systempw="$hash"
  done
  chmod 600 /etc/courier/userdb
  makeuserdb
  sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' /etc/courier/authdaemonrc
  sed -i "s/^ADDRESS=.*/ADDRESS=127.0.0.1/; s/^PORT=.*/PORT=$PORT/; s/^MAXPERIP=.*/MAXPERIP=100/; s/^MAXDAEMONS=.*/MAXDAEMONS=100/; s/^IMAP_TLS_REQUIRED=.*/IMAP_TLS_REQUIRED=0/" /etc/courier/imapd
  mkdir -p /run/courier/authdaemon
  chown -R courier: /run/courier
  chmod 755 /run/courier/authdaemon
INSIDE
  chroot "$root" /usr/sbin/authdaemond start >>"$folder/courier.log" 2>&1
  chroot "$root" /usr/sbin/imapd start >>"$folder/courier.log" 2>&1
  cat >/dev/null
  # All that runs in the overlay: the listener, authdaemond, and the sessions that are open.
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/root" || true)" = "$root" ] && kill -KILL "${process#/proc/}" || true
  done 2>/dev/null
  ;;
esac
