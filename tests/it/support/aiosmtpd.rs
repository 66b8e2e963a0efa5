//! A second real submission server, of another make than Postfix: Python's aiosmtpd, with STARTTLS or
//! TLS and AUTH. Needs no root. Refuses `reject@` (550) and defers `defer@` (451).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use goen::net::Security;
use goen::smtp::Submission;
use tempfile::TempDir;

use super::home::Ended;
use super::submission::{SIZE_LIMIT_BYTES, hanako_at};

const SCRIPT: &str = r"
import asyncio, pathlib, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

folder, limit = pathlib.Path(sys.argv[1]), int(sys.argv[2])
tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(folder / 'cert.pem', folder / 'key.pem')
count = 0

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('reject@'): return '550 5.1.1 no such user'
        if address.startswith('defer@'): return '451 4.3.0 try later'
        envelope.rcpt_tos.append(address)
        return '250 OK'
    async def handle_DATA(self, server, session, envelope):
        global count
        count += 1
        (folder / 'mail' / str(count)).write_bytes(envelope.original_content)
        return f'250 2.0.0 Ok: queued as {count}'

def login(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b'hanako', 'パスワード'.encode())
    return AuthResult(success=right, handled=False)

def smtp(**more):
    return SMTP(Handler(), hostname='mx.example.jp', enable_SMTPUTF8=True, data_size_limit=limit,
                auth_required=True, authenticator=login, **more)

async def main():
    loop = asyncio.get_running_loop()
    first = lambda: smtp(tls_context=tls, require_starttls=True)
    starttls = await loop.create_server(first, '127.0.0.1', 0)
    implicit = await loop.create_server(lambda: smtp(auth_require_tls=False), '127.0.0.1', 0, ssl=tls)
    print(*[server.sockets[0].getsockname()[1] for server in (starttls, implicit)], flush=True)
    await asyncio.gather(starttls.serve_forever(), implicit.serve_forever())

asyncio.run(main())
";

/// A running aiosmtpd.
pub(crate) struct Aiosmtpd {
    folder: TempDir,
    starttls_port: u16,
    tls_port: u16,
    _process: Ended,
}

impl Aiosmtpd {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::create_dir(folder.path().join("mail")).unwrap();
        // Debian's own Python, which has Debian's packages.
        let mut process = Command::new("/usr/bin/python3")
            .args(["-W", "ignore", "-c", SCRIPT])
            .arg(folder.path())
            .arg(SIZE_LIMIT_BYTES.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ports = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ports).unwrap();
        let process = Ended(process);
        let mut ports = ports.split_whitespace().map(|port| port.parse().unwrap());
        let mut port = || ports.next().expect("aiosmtpd starts (apt install python3-aiosmtpd)");
        Self { folder, starttls_port: port(), tls_port: port(), _process: process }
    }

    /// How hanako submits here.
    pub(crate) fn submission(&self, security: Security) -> Submission {
        let port = if security == Security::Tls { self.tls_port } else { self.starttls_port };
        hanako_at(port, security, self.folder.path().join("cert.pem"))
    }

    /// What it took, as it came.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder.path().join("mail")).unwrap();
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }
}
