"""Reads the demo's mailboxes with Python's imaplib, and says where an answer is not as it should be."""

import email
import email.policy
import imaplib
import ssl
import sys

port, ca_file, message_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
message = open(message_file, "rb").read()
trust = ssl.create_default_context(cafile=ca_file)


def ok(answer):
    status, data = answer
    assert status == "OK", answer
    return data


imap = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trust, timeout=10)
try:
    imap.login("hanako@example.jp", "wrong")
    sys.exit("a wrong password was taken")
except imaplib.IMAP4.error as refusal:
    assert "AUTHENTICATIONFAILED" in str(refusal), refusal
ok(imap.authenticate("PLAIN", lambda _: b"\0hanako@example.jp\0correct horse"))

names = [line.split()[-1] for line in ok(imap.list())]
assert names == [b'"INBOX"', b'"Drafts"', b'"Sent"'], names

assert ok(imap.select("INBOX", readonly=True)) == [b"1"]
assert ok(imap.status("INBOX", "(MESSAGES UIDNEXT)")) == [b'"INBOX" (MESSAGES 1 UIDNEXT 2)']
assert ok(imap.uid("SEARCH", "ALL")) == [b"1"]
assert ok(imap.uid("SEARCH", "UID", "2:*")) == [b"1"], "`*` is the last message"
assert ok(imap.uid("SEARCH", "SINCE", "1-Nov-2026", "NOT", "DELETED")) == [b"1"]
assert ok(imap.uid("SEARCH", "SINCE", "22-Nov-2026")) == [b""]
assert ok(imap.uid("SEARCH", "HEADER", "Message-ID", '"<one@a.example>"')) == [b"1"]
assert ok(imap.uid("SEARCH", "OR", "SEEN", "(SUBJECT", '"nothing"', "UNSEEN)")) == [b""]

data = ok(imap.uid("FETCH", "1", "(RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])"))
assert data[0][1] == message
assert b"RFC822.SIZE %d " % len(message) in data[0][0]
assert b'INTERNALDATE "21-Nov-2026 03:04:05 +0000"' in data[0][0], data
assert b"FLAGS ()" in data[0][0], "peeking marks nothing as seen"

parsed = email.message_from_bytes(message, policy=email.policy.SMTP)
plain, html = parsed.iter_parts()
crlf = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
assert crlf == message


def section(name, partial=""):
    data = ok(imap.uid("FETCH", "1", f"(BODY.PEEK[{name}]{partial})"))
    return data[0][1]


assert section("HEADER") == message[: message.index(b"\r\n\r\n") + 4]
assert section("TEXT") == message[message.index(b"\r\n\r\n") + 4 :]
assert section("1") == plain.get_payload().encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
assert section("2") == html.get_payload().encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
assert section("2.MIME") == b"Content-Type: text/html; charset=utf-8\r\n\r\n", section("2.MIME")
assert section("", "<10.20>") == message[10:30]
assert section("HEADER.FIELDS (SUBJECT)") == b"Subject: a pass\r\n\r\n"
assert ok(imap.uid("FETCH", "1", "(BODY.PEEK[7])"))[0] == b"1 (UID 1 BODY[7] NIL)"

structure = ok(imap.uid("FETCH", "1", "(BODYSTRUCTURE ENVELOPE)"))[0]
assert b'("text" "plain" ("charset" "utf-8") NIL NIL "7BIT" %d 1 NIL NIL NIL NIL)' % len(section("1")) in structure, structure
assert b'"alternative" ("boundary" "b1") NIL NIL NIL) ENVELOPE (' in structure, structure
assert b'"a pass" (("Mori" NIL "mori" "a.example"))' in structure, structure

# Opened to change: flags, copies, removal.
assert imap.uid("STORE", "1", "+FLAGS", "(\\Answered)")[0] == "NO", "an examined mailbox is read-only"
ok(imap.select("INBOX"))
assert ok(imap.uid("STORE", "1", "+FLAGS", "(\\Answered)")) == [b"1 (UID 1 FLAGS (\\Answered))"]
assert ok(imap.fetch("1", "(BODY[1])"))[0][1] == section("1")
assert ok(imap.uid("SEARCH", "SEEN", "ANSWERED")) == [b"1"], "reading marks as seen"
ok(imap.append("Sent", "(\\Seen)", '"21-Nov-2026 12:00:00 +0900"', b"Subject: kept\r\n\r\nx\r\n"))
ok(imap.uid("COPY", "1", "Sent"))
ok(imap.uid("STORE", "1", "+FLAGS.SILENT", "\\Deleted"))
assert ok(imap.expunge()) == [b"1"]
assert ok(imap.select("Sent")) == [b"2"]
assert ok(imap.search(None, "SUBJECT", "kept")) == [b"1"]
date = ok(imap.fetch("1", "INTERNALDATE"))[0]
assert b"21-Nov-2026 03:00:00 +0000" in date, date

# A message within a message: its parts are counted within it.
inner = b"From: =?utf-8?b?5qOu?= <mori@a.example>\r\nSubject: inner\r\n\r\ntwo\r\nlines"
outer = (
    b"Subject: =?utf-8?b?6Kuw?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
)
ok(imap.append("Drafts", None, None, outer))
assert ok(imap.select("Drafts")) == [b"1"]
for name, expected in [
    ("1", b"see below"),
    ("2", inner),
    ("2.MIME", b"Content-Type: message/rfc822\r\n\r\n"),
    ("2.HEADER", inner[: inner.index(b"\r\n\r\n") + 4]),
    ("2.HEADER.FIELDS (subject)", b"Subject: inner\r\n\r\n"),
    ("2.TEXT", b"two\r\nlines"),
    ("2.1", b"two\r\nlines"),
]:
    assert section(name) == expected, (name, section(name))
assert ok(imap.uid("FETCH", "1", "(BODY.PEEK[2.2])"))[0] == b"1 (UID 1 BODY[2.2] NIL)"
structure = ok(imap.uid("FETCH", "1", "(BODYSTRUCTURE)"))[0]
envelope = b'(NIL "inner" (("=?UTF-8?B?5qOu?=" NIL "mori" "a.example"))'
assert b'"message" "rfc822" NIL NIL NIL "7BIT" %d %s' % (len(inner), envelope) in structure, structure
assert b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 1 NIL NIL NIL NIL)' in structure, structure
assert ok(imap.search(None, "SUBJECT", "nothing")) == [b""]

# What it does not know it refuses, and goes on.
try:
    imap.xatom("FROBNICATE")
    sys.exit("an unknown command was taken")
except imaplib.IMAP4.error as refusal:
    assert "BAD" in str(refusal), refusal
ok(imap.noop())
ok(imap.close())
imap.logout()
