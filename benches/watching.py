#!/usr/bin/python3
"""goen beside other programs that watch or fetch mail, on a Dovecot of its own on loopback.

    benches/watching.py                       everything; about half an hour, an hour with --runs 3
    benches/watching.py idle latency fetch    only these parts
    benches/watching.py idle --peer goen      only these programs (repeat --peer)
    benches/watching.py --runs 3              each figure that often; medians are printed

Needs Debian's dovecot-imapd and dovecot-lmtpd, python3-dbus, python3-gi and dbus; of the peers (isync,
imapfilter, fetchmail, getmail6, offlineimap3, mailnag with gnome-keyring and libsecret-tools) those that
are installed take part. goen is
`target/release/goen` (build it first) or what GOEN names. Nothing outside of a temporary folder is
touched. What the parts measure is said where they are.
"""

import argparse
import atexit
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOEN = Path(os.environ.get("GOEN", HERE.parent / "target/release/goen")).resolve()
SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
PASSWORD = "pw"
ROOT = os.getuid() == 0


class Failed(Exception):
    """Something does not do what it should, and nothing was measured."""


def fail(words):
    raise Failed(words)


def until(what, done, patience=60):
    start = time.monotonic()
    while not (seen := done()):
        if time.monotonic() - start > patience:
            fail(f"gave up waiting for {what}")
        time.sleep(0.002)
    return seen


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# ---- The server ----------------------------------------------------------------------------------


class Dovecot:
    """A Dovecot whose users all have the same password; mail goes into Maildirs."""

    def __init__(self, folder):
        self.folder = folder
        self.imap, self.imaps, self.lmtp = free_port(), free_port(), free_port()
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        self._certificates()
        owner = "mail" if ROOT else subprocess.check_output(["id", "-un"], text=True).strip()
        if ROOT:
            shutil.chown(folder / "mail", "mail", "mail")
        own = "" if ROOT else (
            f"default_internal_user = {owner}\ndefault_login_user = {owner}\n"
            "service anvil {\n chroot =\n}\nservice stats {\n chroot =\n}\nservice imap-login {\n chroot =\n}\n"
        )
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = goen-bench
listen = 127.0.0.1
protocols = imap lmtp
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_home = {folder}/mail/%n
first_valid_uid = 0
first_valid_gid = 0
mail_max_userip_connections = 500
auth_failure_delay = 0 secs
imap_idle_notify_interval = 29 mins
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner if ROOT else subprocess.check_output(['id', '-gn'], text=True).strip()} home={folder}/mail/%n allow_all_users=yes
}}
protocol lmtp {{
  postmaster_address = postmaster@test.example
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = {self.imaps}
    ssl = yes
  }}
}}
service lmtp {{
  {"" if ROOT else "user = " + owner}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp}
  }}
}}
{own}""")
        with open(folder / "start.log", "w") as log:
            started = subprocess.run(
                ["dovecot", "-c", folder / "dovecot.conf"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        if started.returncode:
            fail("Dovecot does not start: " + (folder / "start.log").read_text())
        for port in (self.imap, self.imaps, self.lmtp):
            until("Dovecot", lambda port=port: not socket.socket().connect_ex(("127.0.0.1", port)))

    def _certificates(self):
        openssl = lambda *words: subprocess.run(
            ["openssl", *words], cwd=self.folder, check=True, capture_output=True
        )
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=goen bench",
                "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "names", "-days", "2", "-out", "server.pem")
        # As on a real machine: all of the system's roots, and ours.
        roots = SYSTEM_ROOTS.read_text() if SYSTEM_ROOTS.exists() else ""
        (self.folder / "roots.pem").write_text(roots + (self.folder / "ca.pem").read_text())

    def maildir(self, user):
        """An empty Maildir for a user that is new."""
        folder = self.folder / "mail" / user / "Maildir"
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        if ROOT:
            subprocess.run(["chown", "-R", "mail:mail", folder.parent], check=True)
        return folder

    def deliver(self, user, message):
        """Delivers over LMTP; gives the moment at which the final dot left."""
        with socket.create_connection(("127.0.0.1", self.lmtp)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = line.makefile("rb")

            def expect(code):
                while (answer := answers.readline())[3:4] == b"-":
                    pass
                if not answer.startswith(code):
                    fail(f"LMTP: {answer!r}")

            expect(b"220")
            for said, code in (
                (b"LHLO bench", b"250"), (b"MAIL FROM:<sender@example.com>", b"250"),
                (b"RCPT TO:<%s@test.example>" % user.encode(), b"250"), (b"DATA", b"354"),
            ):
                line.sendall(said + b"\r\n")
                expect(code)
            line.sendall(message.replace(b"\n", b"\r\n"))
            dot = time.time()
            line.sendall(b".\r\n")
            expect(b"250")
            return dot

    def sent_to(self, user, since):
        """Bytes that sessions of `user` got, by Dovecot's own count; and where its log ends now."""
        log = (self.folder / "log").read_bytes()[since:]
        found = re.findall(rb"imap\(%s\).*? out=(\d+)" % user.encode(), log)
        return sum(map(int, found))

    def log_length(self):
        return (self.folder / "log").stat().st_size

    def stop(self):
        pid = int((self.folder / "run/master.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        until("Dovecot to stop", lambda: not Path(f"/proc/{pid}").exists())


# ---- Mails ---------------------------------------------------------------------------------------

PARAGRAPHS = [
    "平素より大変お世話になっております。株式会社オケラ技研 管理部の佐々木でございます。",
    "来月の定例会議の日程と会場につきまして、下記のとおりご案内申し上げます。",
    "ご不明な点がございましたら、本メールへの返信にてお気軽にお問い合わせください。",
    "ただいま秋の感謝祭を開催中です。対象の商品が最大三割引、送料も無料となっております。",
    "先日お話しした資料を共有いたします。来週までに目を通しておいていただけると助かります。",
    "お客様の口座への入金を確認いたしました。内容は会員ページからご覧いただけます。",
]
HEADER = "From: {who}\nTo: me@test.example\nMessage-ID: <{n}.{kind}@example.jp>\nDate: {date}\nSubject: {subject}\nMIME-Version: 1.0\n"


def stamp(when):
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(when))


def declined(n):
    """A refusal, as goen is there to find."""
    head = HEADER.format(who="採用担当 <jinji@example.co.jp>", n=f"{n}.{time.time_ns()}", kind="live",
                         date=stamp(time.time()), subject=f"【株式会社オケラ技研{n}】選考結果のご連絡")
    return (head + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            "山田 花子 様\n\nこのたびは弊社の選考にご応募いただき、誠にありがとうございました。\n"
            "慎重に検討いたしました結果、誠に残念ながら、今回は採用を見送らせていただくこととなりました。\n"
            "山田様の今後のご活躍を心よりお祈り申し上げます。\n\n株式会社オケラ技研 人事部\n").encode()


def ordinary(n, dice, size=4000):
    """A mail of about `size` bytes about anything."""
    text = ""
    while len(text.encode()) < size - 400:
        text += dice.choice(PARAGRAPHS) + "\n"
    return text


def inbox(folder, count, dice):
    """`count` mails of 4 kB, one in ten with an attachment of 200 kB besides; one in 50 is a refusal."""
    line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n"
    attachment = line * (200_000 // len(line))
    now, bytes_in_all = time.time(), 0
    for n in range(count):
        when = now - (count - n) * 200
        if n % 50 == 7:
            message = declined(n)
        else:
            head = HEADER.format(who=f"someone{n} <someone{n}@example.jp>", n=n, kind="old",
                                 date=stamp(when), subject=f"ご案内 {n}")
            text = ordinary(n, dice)
            part = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
            if n % 10 == 0:
                message = (f'{head}Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n{part}{text}'
                           f"--b{n}\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n"
                           f"Content-Disposition: attachment; filename=a.pdf\n\n{attachment}--b{n}--\n").encode()
            else:
                message = (head + part + text).encode()
        path = folder / "cur" / f"{int(when)}.M{n}P1.bench,S={len(message)}:2,S"
        path.write_bytes(message)
        os.utime(path, (when, when))
        bytes_in_all += len(message)
    if ROOT:
        subprocess.run(["chown", "-R", "mail:mail", folder.parent], check=True)
    return bytes_in_all


# ---- Measuring -----------------------------------------------------------------------------------


def tree(pid):
    """The process and its descendants."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue += children.get(found[-1], [])
    return found


def memory(pid):
    """Resident, proportional and anonymous kB (smaps_rollup) of a process and its descendants."""
    total = {"Rss": 0, "Pss": 0, "Anonymous": 0}
    for each in tree(pid):
        try:
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                key = line.split(":")[0]
                if key in total:
                    total[key] += int(line.split()[1])
        except OSError:
            pass
    return total


def peak(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


def effort(pid):
    """Of each process CPU ticks of 10 ms; of each thread nanoseconds on a CPU, and times it went to sleep."""
    processes, threads = {}, {}
    for each in tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            processes[each] = int(fields[11]) + int(fields[12])
            for task in Path(f"/proc/{each}/task").iterdir():
                sleeps = re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text())[1]
                threads[task.name] = int((task / "schedstat").read_text().split()[0]), int(sleeps)
        except OSError:
            pass
    return processes, threads


def between(before, after):
    """CPU ticks, milliseconds and sleeps from one `effort` to the next. A thread that has ended meanwhile is
    in the ticks only."""
    none = (0, 0)
    ticks = sum(after[0].values()) - sum(before[0].get(each, 0) for each in after[0])
    each = [(now, before[1].get(thread, none)) for thread, now in after[1].items()]
    milliseconds = sum(now[0] - then[0] for now, then in each) / 1e6
    return ticks, round(milliseconds, 2), sum(now[1] - then[1] for now, then in each)


class Bus:
    """A private session bus with a notification server that notes when it is asked to show something."""

    SERVER = r"""
import sys, time, dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib
DBusGMainLoop(set_as_default=True)
NAME = 'org.freedesktop.Notifications'
class Server(dbus.service.Object):
    count = 0
    @dbus.service.method(NAME, in_signature='susssasa{sv}i', out_signature='u')
    def Notify(self, app, replaces, icon, summary, body, actions, hints, expire):
        print('%.6f' % time.time(), flush=True)
        self.count += 1
        return dbus.UInt32(replaces or self.count)
    @dbus.service.method(NAME, in_signature='u', out_signature='')
    def CloseNotification(self, number): pass
    @dbus.service.method(NAME, in_signature='', out_signature='as')
    def GetCapabilities(self): return ['body', 'actions']
    @dbus.service.method(NAME, in_signature='', out_signature='ssss')
    def GetServerInformation(self): return ('bench', 'goen', '1', '1.2')
bus = dbus.SessionBus()
name = dbus.service.BusName(NAME, bus)
server = Server(bus, '/org/freedesktop/Notifications')
print('ready', flush=True)
GLib.MainLoop().run()
"""

    def __init__(self, folder):
        config = folder / "bus.conf"
        config.write_text(
            '<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
            '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">'
            "<busconfig><type>session</type><keep_umask/><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>"
            '<policy context="default"><allow send_destination="*" eavesdrop="true"/>'
            '<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
        )
        self.daemon = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--print-address=1", f"--config-file={config}"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.address = self.daemon.stdout.readline().strip()
        self.shown = folder / "shown"
        self.server = subprocess.Popen(
            ["/usr/bin/python3", "-c", self.SERVER], stdout=open(self.shown, "w"), stderr=subprocess.DEVNULL,
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address},
        )
        atexit.register(self.stop)
        until("the notification server", lambda: "ready" in self.shown.read_text())

    def stop(self):
        for process in (self.server, self.daemon):
            process.kill()
            process.wait()


class BareIdle:
    """The least that can wait in IDLE: notes when the server says EXISTS. What others take beyond it is
    their own. A process of its own, so that nothing that goes on here makes it late."""

    CLIENT = r"""
import socket, sys, time
port, user, password = sys.argv[1:]
line = socket.create_connection(('127.0.0.1', int(port)))
line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
answers = line.makefile('rb', buffering=0)
answers.readline()
for tag, said in (('a', f'LOGIN {user} {password}'), ('b', 'EXAMINE INBOX'), ('c', 'IDLE')):
    line.sendall(f'{tag} {said}\r\n'.encode())
    while not (answer := answers.readline()).startswith((tag.encode() + b' ', b'+')):
        pass
print('ready', flush=True)
while chunk := line.recv(4096):
    now = time.time()
    if b'EXISTS' in chunk:
        print('%.6f' % now, flush=True)
"""

    def __init__(self, dovecot, user, folder):
        self.path = folder / "pushes"
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", self.CLIENT, str(dovecot.imap), user, PASSWORD],
                                        stdout=open(self.path, "w"), stderr=subprocess.DEVNULL)
        until("the bare IDLE", lambda: "ready" in self.path.read_text())

    @property
    def seen(self):
        return [float(word) for word in self.path.read_text().split()[1:]]

    def stop(self):
        self.process.kill()
        self.process.wait()


# ---- The programs --------------------------------------------------------------------------------


class Program:
    """A program in a home of its own. `watch` starts it as a watcher of one inbox that writes a time into
    `hook` for each mail (goen: the notification server does); `fetch` gives a command that fetches the
    whole inbox once. `watches` and `fetches` say what it can do."""

    command = None
    watches = fetches = False

    def __init__(self, folder, dovecot, user, bus):
        self.folder, self.dovecot, self.user, self.bus = folder, dovecot, user, bus
        folder.mkdir()
        self.hook = folder / "hook.times"
        script = folder / "hook.sh"
        script.write_text(f"#!/bin/sh\ndate +%s.%N >>{self.hook}\ncat >/dev/null\n")
        script.chmod(0o755)
        self.script = script

    def environment(self):
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder),
                "USER": "bench", "XDG_RUNTIME_DIR": str(self.folder), "TZ": "Asia/Tokyo"}

    def start(self, *command):
        log = open(self.folder / "log", "a")
        return subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log, cwd=self.folder)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def is_ready(self):
        """Whether it waits in IDLE: Dovecot has a session of the user's that said so."""
        who = subprocess.run(["doveadm", "-c", self.dovecot.folder / "dovecot.conf", "who", self.user],
                             capture_output=True, text=True).stdout
        return self.user in who

    def times(self):
        return [float(word) for word in self.hook.read_text().split()] if self.hook.exists() else []


class Goen(Program):
    command = str(GOEN)
    watches = fetches = True
    accounts = 1
    lookback = 30
    tls = True
    port = None

    def settings(self):
        text = f"[watch]\nlookback_days = {self.lookback}\n"
        for n in range(self.accounts):
            user = self.user if n == 0 else f"{self.user}-{n}"
            port = self.port or (self.dovecot.imaps if self.tls else self.dovecot.imap)
            text += (f'[[accounts]]\nname = "a{n}"\naddress = "{user}@test.example"\nuser = "{user}"\n'
                     f'[accounts.imap]\nhost = "localhost"\nport = {port}\n'
                     f'security = "{"tls" if self.tls else "plain"}"\n'
                     f'[accounts.secret]\npassword_file = "{self.folder}/password"\n')
        self.write("password", PASSWORD + "\n")
        self.write(".config/goen/config.toml", text)

    def environment(self):
        environment = {**super().environment(), "SSL_CERT_FILE": str(self.dovecot.folder / "roots.pem")}
        if self.bus:
            environment["DBUS_SESSION_BUS_ADDRESS"] = self.bus.address
        return environment

    def watch(self):
        self.settings()
        return self.start(self.command, "run")

    def status(self):
        ran = subprocess.run([self.command, "status", "--json"], env=self.environment(), capture_output=True)
        return json.loads(ran.stdout or b"{}").get("accounts", [])

    def is_ready(self):
        accounts = self.status()
        return len(accounts) == self.accounts and all(each["state"] == "watching" for each in accounts)

    def times(self):
        return [float(word) for word in self.bus.shown.read_text().split()[1:]]


class Mbsync(Program):
    command = "mbsync"
    fetches = True

    def fetch(self):
        (self.folder / "M").mkdir(exist_ok=True)
        rc = self.write("rc", f"""IMAPAccount a
Host 127.0.0.1
Port {self.dovecot.imap}
User {self.user}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN
PipelineDepth 50

IMAPStore r
Account a

MaildirStore l
Path {self.folder}/M/
Inbox {self.folder}/M/INBOX

Channel c
Far :r:
Near :l:
Patterns INBOX
Create Near
Sync Pull
SyncState *
""")
        return [self.command, "-q", "-c", str(rc), "-a"]


class Imapfilter(Program):
    command = "imapfilter"
    watches = fetches = True

    def account(self):
        return (f"options.timeout = 600\noptions.starttls = false\n"
                f"a = IMAP {{ server='127.0.0.1', port={self.dovecot.imap}, username='{self.user}', password='{PASSWORD}' }}\n")

    def watch(self):
        self.write(".imapfilter/config.lua", self.account() + f"""
a.INBOX:check_status()
while true do
  if not a.INBOX:enter_idle() then os.execute('sleep 1') end
  os.execute('{self.script} </dev/null')
end
""")
        return self.start(self.command)

    def fetch(self):
        self.write(".imapfilter/config.lua", self.account() + "r = a.INBOX:match_body('gokatsuyaku') print(#r)\n")
        return [self.command]


class Fetchmail(Program):
    command = "fetchmail"
    watches = fetches = True

    def rc(self, more):
        return self.write("rc", f"poll 127.0.0.1 service {self.dovecot.imap} protocol imap username {self.user} "
                                f"password {PASSWORD} keep {more} folder INBOX sslproto ''\n")

    def watch(self):
        rc = self.rc(f'idle mda "{self.script}"')
        return self.start(self.command, "--nodetach", "-d", "0", "--pidfile", self.folder / "pid", "-f", rc)

    def fetch(self):
        rc = self.rc(f'fetchall mda "/usr/bin/tee -a {self.folder}/mbox >/dev/null"')
        return [self.command, "-s", "--pidfile", str(self.folder / "pid"), "-f", str(rc), "--fetchlimit", "0", "-B", "0"]


class Getmail(Program):
    command = "getmail"
    watches = fetches = True

    def rc(self, destination):
        (self.folder / "gm").mkdir(mode=0o700, exist_ok=True)
        self.write("gm/rc", f"[retriever]\ntype = SimpleIMAPRetriever\nserver = 127.0.0.1\nport = {self.dovecot.imap}\n"
                            f'username = {self.user}\npassword = {PASSWORD}\nmailboxes = ("INBOX",)\n[destination]\n'
                            f"{destination}\n[options]\nread_all = false\ndelete = false\nverbose = 0\n")
        return [self.command, f"--getmaildir={self.folder}/gm", "--rcfile=rc"]

    def watch(self):
        command = self.rc(f'type = MDA_external\npath = {self.script}\nallow_root_commands = true')
        return self.start(*command, "--idle=INBOX")

    def fetch(self):
        for part in ("cur", "new", "tmp"):
            (self.folder / "M" / part).mkdir(parents=True, exist_ok=True)
        return self.rc(f"type = Maildir\npath = {self.folder}/M/")


class Offlineimap(Program):
    command = "offlineimap"
    watches = fetches = True

    def rc(self, account="", more=""):
        return self.write("rc", f"[general]\naccounts = a\nui = quiet\n[Account a]\nlocalrepository = l\n"
                                f"remoterepository = r\n{account}[Repository l]\ntype = Maildir\n"
                                f"localfolders = {self.folder}/M\n[Repository r]\ntype = IMAP\nremotehost = 127.0.0.1\n"
                                f"remoteport = {self.dovecot.imap}\nremoteuser = {self.user}\nremotepass = {PASSWORD}\n"
                                f"ssl = no\nstarttls = no\nreadonly = True\nfolderfilter = lambda f: f == 'INBOX'\n{more}")

    def watch(self):
        rc = self.rc("autorefresh = 60\nquick = 10\n",
                     f"idlefolders = ['INBOX']\nkeepalive = 300\nholdconnectionopen = yes\n"
                     f"newmail_hook = lambda: __import__('os').system('{self.script} </dev/null')\n")
        return self.start(self.command, "-c", str(rc))

    def fetch(self):
        return [self.command, "-c", str(self.rc()), "-o"]


class Mailnag(Program):
    command = "mailnag"
    watches = True

    def environment(self):
        return {**super().environment(), "DBUS_SESSION_BUS_ADDRESS": self.bus.address}

    def watch(self):
        """On a bus of its own, with a keyring that holds its password: it takes it from nowhere else."""
        (self.folder / "bus").mkdir()
        self.bus = Bus(self.folder / "bus")
        hook = self.write("mn.sh", f"#!/bin/sh\nexec {self.script} </dev/null\n", 0o700)
        self.write(".config/mailnag/mailnag.cfg",
                   "[core]\npoll_interval = 10\nimap_idle_timeout = 10\nmailbox_seen_flags = 1\nmax_idle_accounts = 10\n"
                   "autostart = 1\nenabled_plugins = userscriptplugin\n"
                   f"[userscriptplugin]\nscript_file = {hook}\n"
                   f"[account1]\nenabled = 1\nname = t\nuser = {self.user}\npassword = {PASSWORD}\nserver = 127.0.0.1\n"
                   f"port = {self.dovecot.imap}\nssl = 0\nimap = 1\nidle = 1\nfolder =\ntype = imap\n")
        run = lambda words, said: subprocess.run(words, input=said, env=self.environment(), capture_output=True)
        run(["gnome-keyring-daemon", "--daemonize", "--unlock", "--components=secrets"], b"k")
        name = hashlib.md5(f"{self.user}127.0.0.1True".encode()).hexdigest()
        store = ["secret-tool", "store", "--label=mailnag", "id", name, "xdg:schema", "com.github.pulb.mailnag"]
        until("the keyring", lambda: run(store, PASSWORD.encode()).returncode == 0, 15)
        return self.start(self.command, "--quiet")


PROGRAMS = {each.__name__.lower(): each
            for each in (Goen, Mbsync, Imapfilter, Fetchmail, Getmail, Offlineimap, Mailnag)}


# ---- The parts -----------------------------------------------------------------------------------


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.dovecot = Dovecot(folder / "dovecot")
        self.count = 0
        self.held = []
        self.running = None

    def program(self, kind, bus=None):
        self.count += 1
        user = f"u{self.count}"
        return kind(self.folder / f"{kind.__name__.lower()}{self.count}", self.dovecot, user, bus)

    def kinds(self, able):
        for name, kind in PROGRAMS.items():
            if self.options.peer and name not in self.options.peer:
                continue
            if getattr(kind, able) and shutil.which(kind.command):
                yield kind

    def table(self, title, head, rows):
        widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
        line = lambda row: "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |"
        text = [f"### {title}", "", line(head), line(["-" * width for width in widths]), *map(line, rows), ""]
        print("\n".join(text), flush=True)

    def measure(self, able, one):
        """Measures each program with `one`, which gives its row. A peer that fails costs its own row only."""
        rows = []
        for kind in self.kinds(able):
            name = kind.__name__.lower()
            try:
                row = one(kind)
            except Failed as failure:
                if kind is Goen:
                    raise
                print(f"({name} is left out: {failure})", file=sys.stderr, flush=True)
                if self.running and self.running.poll() is None:
                    self.ended(self.running)
                continue
            print(f"({name}: {row})", file=sys.stderr, flush=True)
            rows.append([name, *row])
        return rows

    def hold(self, what, most, measured, unit=""):
        """Notes what goen is held to and what was measured."""
        reached = "yes" if measured <= most else "**no**"
        self.held.append([what, f"{most:g} {unit}".strip(), f"{measured:.3g} {unit}".strip(), reached])

    def verdict(self):
        if self.held:
            self.table("goen, and what it is held to", ["", "at most", "measured", "reached"], self.held)

    def ended(self, process):
        for each in tree(process.pid)[::-1]:
            try:
                os.kill(each, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    # Idle: one account (goen over TLS with the system's roots, as on a real machine; the others in
    # plaintext), an inbox of ten mails, nothing happening for `--seconds`.
    def idle(self):
        rows = self.measure("watches", lambda kind: middle([self.idle_once(kind) for _ in range(self.options.runs)]))
        for name, *row in rows[:1]:
            if name == "goen":
                self.hold("resident", 10, row[0] / 1024, "MiB")
                self.hold("of which anonymous", 2, row[2] / 1024, "MiB")
                self.hold(f"CPU ticks of 10 ms in {self.options.seconds} s", 0, row[3])
                self.hold(f"wake-ups in {self.options.seconds} s", 0, row[5])
                rows[1:1] = self.goen_more(row[2])
        seconds = self.options.seconds
        self.table(f"Idle for {seconds} s, one account",
                   ["program", "resident kB", "proportional kB", "anonymous kB", "CPU ticks (10 ms)", "CPU ms", "sleeps"],
                   rows)

    def settled(self, kind, bus, prepare=lambda program: None):
        program = self.program(kind, bus)
        prepare(program)
        accounts = getattr(program, "accounts", 1)
        for n in range(accounts):
            user = program.user if n == 0 else f"{program.user}-{n}"
            for number in range(10):
                self.dovecot.deliver(user, declined(number))
        self.running = process = program.watch()
        until(f"{kind.__name__} to watch", lambda: process.poll() is not None or program.is_ready())
        if process.poll() is not None:
            fail(f"{kind.__name__} ended: {(program.folder / 'log').read_text()[-500:]}")
        time.sleep(8)
        return program, process

    def idle_once(self, kind):
        bus = Bus(self.mkdir()) if kind is Goen else None
        program, process = self.settled(kind, bus)
        before = effort(process.pid)
        time.sleep(self.options.seconds)
        after = effort(process.pid)
        used = memory(process.pid)
        self.ended(process)
        if bus:
            bus.stop()
        return [used["Rss"], used["Pss"], used["Anonymous"], *between(before, after)]

    def goen_more(self, anonymous):
        """goen with more accounts, and after a mail of 25 MB; with one it has so much memory that is its own."""
        rows = []
        for accounts in (2, 5):
            bus = Bus(self.mkdir())

            def prepare(program):
                program.accounts = accounts

            program, process = self.settled(Goen, bus, prepare)
            used = memory(process.pid)
            self.ended(process)
            bus.stop()
            rows.append([f"goen, {accounts} accounts", used["Rss"], used["Pss"], used["Anonymous"], "", "", ""])
        self.hold("anonymous for each further account", 0.3, (used["Anonymous"] - anonymous) / 4 / 1024, "MiB")
        bus = Bus(self.mkdir())
        program, process = self.settled(Goen, bus)
        line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n"
        head, text = declined(99).split(b"\n\n", 1)
        head = head.replace(b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit",
                            b"Content-Type: multipart/mixed; boundary=b")
        known = len(program.times())
        self.dovecot.deliver(program.user, head + b"\n\n--b\nContent-Type: text/plain; charset=utf-8\n"
                             b"Content-Transfer-Encoding: 8bit\n\n" + text + b"--b\nContent-Type: application/pdf\n"
                             b"Content-Transfer-Encoding: base64\n\n" + line * (25_000_000 // len(line)) + b"--b--\n")
        until("the large mail", lambda: len(program.times()) > known)
        time.sleep(8)
        used = memory(process.pid)
        highest = peak(process.pid)
        self.ended(process)
        bus.stop()
        self.hold("anonymous after a mail of 25 MB", 2, used["Anonymous"] / 1024, "MiB")
        rows.append([f"goen, after a mail of 25 MB (peak {highest})", used["Rss"], used["Pss"], used["Anonymous"], "", "", ""])
        return rows

    def mkdir(self):
        return Path(tempfile.mkdtemp(dir=self.folder))

    # Latency: from the dot of the delivery to the hook (goen: to the notification on the bus), and the
    # same for a bare IDLE socket on the same mailbox in the same run.
    def latency(self):
        rows = self.measure("watches", self.latency_of)
        self.table(f"Delivery to hook or notification, {self.options.mails} mails, ms",
                   ["program", "after the push: median", "least", "95 %", "most", "after the dot: median",
                    "CPU ms a mail", "resident kB then", "anonymous kB then"], rows)

    def latency_of(self, kind):
        bus = Bus(self.mkdir()) if kind is Goen else None
        program, process = self.settled(kind, bus)
        bare = BareIdle(self.dovecot, program.user, self.mkdir())
        own, whole = [], []
        before = effort(process.pid)
        for n in range(self.options.mails):
            known, pushed = len(program.times()), len(bare.seen)
            dot = self.dovecot.deliver(program.user, declined(1000 + n))
            until("the hook", lambda: len(program.times()) > known)
            until("the push", lambda: len(bare.seen) > pushed)
            whole.append((program.times()[known] - dot) * 1e3)
            own.append((program.times()[known] - bare.seen[pushed]) * 1e3)
            time.sleep(1.0 + random.random() * 0.3)
        used = memory(process.pid)
        _ticks, busy, _sleeps = between(before, effort(process.pid))
        bare.stop()
        self.ended(process)
        if bus:
            bus.stop()
            self.hold("notification after a bare IDLE socket's push, median", 5, statistics.median(own), "ms")
        return [*(f"{value:.1f}" for value in (
            statistics.median(own), min(own), sorted(own)[int(len(own) * 0.95) - 1], max(own), statistics.median(whole),
            busy / self.options.mails,
        )), used["Rss"], used["Anonymous"]]

    # Fetch: an inbox of 10,000 mails of 4 kB, one in ten with 200 kB attached. The peers fetch it whole;
    # goen looks back over it and classifies it. Bytes are Dovecot's own count.
    def fetch(self):
        dice = random.Random(1)
        source = self.dovecot.maildir("source")
        total = inbox(source, self.options.inbox, dice)
        runs = range(self.options.runs)
        rows = self.measure("fetches", lambda kind: middle([self.fetch_once(kind, source) for _ in runs]))
        walls = {name: row for name, *row in rows}
        if "mbsync" in walls and "goen" in walls:
            goen, mbsync = walls["goen"], walls["mbsync"]
            self.hold("first look, of mbsync's time", 0.25, goen[0] / mbsync[0])
            self.hold("first look, of mbsync's bytes", 0.3, goen[3] / mbsync[3])
            self.hold("first look, peak resident", 32, goen[2] / 1024, "MiB")
            self.hold("a second start that finds nothing new, to IDLE", 50, goen[4] * 1000, "ms")
            rows.append(["goen / mbsync", *(f"{goen[i] / mbsync[i]:.2f}" if i in (0, 1, 3) else "" for i in range(5))])
        self.table(f"First look at {self.options.inbox} mails ({total // 1_000_000} MB)",
                   ["program", "s", "CPU s", "peak resident kB", "kB from the server", "s, nothing new"], rows)

    def fetch_once(self, kind, source):
        program = self.program(kind, Bus(self.mkdir()) if kind is Goen else None)
        home = self.dovecot.folder / "mail" / program.user
        subprocess.run(["cp", "-a", source.parent, home], check=True)
        # The server's own index is made beforehand, for everybody.
        subprocess.run(["doveadm", "-c", self.dovecot.folder / "dovecot.conf", "fetch", "-u", program.user,
                        "hdr imap.bodystructure size.virtual", "mailbox", "INBOX", "ALL"],
                       check=True, stdout=subprocess.DEVNULL)
        os.sync()
        mark = self.dovecot.log_length()
        first = self.first_look(program) if kind is Goen else self.run(program)
        until("Dovecot's count", lambda: self.dovecot.sent_to(program.user, mark) > 0)
        taken = self.dovecot.sent_to(program.user, mark)
        second = self.to_idle(program) if kind is Goen else self.run(program)
        if program.bus:
            program.bus.stop()
        shutil.rmtree(home)
        return [round(first[0], 2), round(first[1], 2), first[2], taken // 1000, round(second[0], 3)]

    def run(self, program):
        """Runs a fetching command to its end: seconds, CPU seconds, peak kB."""
        began = time.monotonic()
        process = program.start(*program.fetch())
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            fail(f"{program.command}: {(program.folder / 'log').read_text()[-500:]}")
        return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def first_look(self, program):
        """Starts goen and stops it when it waits for mail."""
        program.lookback = 365
        program.tls = False
        wall = self.to_idle(program)
        return wall

    def to_idle(self, program):
        """From the start of goen's process to the moment at which it says IDLE."""
        line = Relay(self.dovecot.imap)
        program.port = line.port
        program.settings()
        began = time.monotonic()
        process = program.start(program.command, "run")
        until("IDLE", lambda: line.idle_at, 600)
        wall = line.idle_at - began
        highest = peak(process.pid)
        # In ticks: threads that read the first look have ended by now.
        seconds = sum(effort(process.pid)[0].values()) / os.sysconf("SC_CLK_TCK")
        self.ended(process)
        line.stop()
        return wall, seconds, highest


class Relay:
    """Passes bytes on, and notes when the client first says IDLE."""

    def __init__(self, port):
        self.idle_at = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, source, target, from_client):
        try:
            while chunk := source.recv(1 << 18):
                if from_client and self.idle_at is None and chunk.endswith(b" IDLE\r\n"):
                    self.idle_at = time.monotonic()
                target.sendall(chunk)
        except OSError:
            pass
        for side in (source, target):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def middle(samples):
    """The median of each column."""
    return [statistics.median(column) for column in zip(*samples)]


def surroundings():
    version = subprocess.run(["dovecot", "--version"], capture_output=True, text=True).stdout.split()[0]
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    load = os.getloadavg()
    return (f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({cpu[1] if cpu else 'unknown'}), "
            f"Linux {os.uname().release}, Dovecot {version}; load before: {load[0]:.1f} {load[1]:.1f} {load[2]:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], "idle", "latency", "fetch"])
    parser.add_argument("--peer", action="append", choices=list(PROGRAMS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--mails", type=int, default=50)
    parser.add_argument("--inbox", type=int, default=10_000)
    options = parser.parse_args()
    if not GOEN.exists():
        sys.exit(f"watching.py: {GOEN} is not there: cargo build --release")
    print(surroundings() + "\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="goen-bench-", ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        (folder / "dovecot").mkdir()
        bench = Bench(folder, options)
        try:
            for part in options.parts or ["idle", "latency", "fetch"]:
                getattr(bench, part)()
            bench.verdict()
        except Failed as failure:
            sys.exit(f"watching.py: {failure}")
        finally:
            bench.dovecot.stop()
    print("load after: " + " ".join(f"{load:.1f}" for load in os.getloadavg()))


if __name__ == "__main__":
    main()
