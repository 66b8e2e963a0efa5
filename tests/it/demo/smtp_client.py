"""Submits to the demo's server with Python's smtplib, and says where an answer is not as it should be."""

import smtplib
import ssl
import sys

port, ca_file, message_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
message = open(message_file, "rb").read()
trust = ssl.create_default_context(cafile=ca_file)

with smtplib.SMTP_SSL("localhost", port, context=trust, timeout=10) as smtp:
    smtp.ehlo()
    for extension in ["size", "8bitmime", "pipelining", "enhancedstatuscodes", "smtputf8"]:
        assert smtp.has_extn(extension), extension
    try:
        smtp.sendmail("hanako@example.jp", ["mori@a.example"], message)
        sys.exit("mail was taken without a login")
    except smtplib.SMTPSenderRefused as refusal:
        assert refusal.smtp_code == 530, refusal
    try:
        smtp.login("hanako@example.jp", "wrong")
        sys.exit("a wrong password was taken")
    except smtplib.SMTPAuthenticationError as refusal:
        assert refusal.smtp_code == 535, refusal
    smtp.user, smtp.password = "hanako@example.jp", "correct horse"
    smtp.auth("LOGIN", smtp.auth_login)
    assert smtp.noop()[0] == 250
    assert smtp.docmd("FROBNICATE")[0] == 500
    assert smtp.docmd("DATA")[0] == 503
    for copy in range(2):
        refused = smtp.sendmail("hanako@example.jp", ["mori@a.example", "aoki@a.example"], message)
        assert refused == {}, refused
