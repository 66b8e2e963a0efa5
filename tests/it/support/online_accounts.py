#!/usr/bin/python3
"""What GNOME Online Accounts offers on the session bus (org.gnome.OnlineAccounts), as far as programs
ask it for mail: one account, described by JSON in the first argument. Says "ready" when it is there."""

import json
import sys

import dbus
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

GOA = "org.gnome.OnlineAccounts"
given = json.loads(sys.argv[1])
DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
name = dbus.service.BusName(GOA, bus)


class NotAuthorized(dbus.DBusException):
    _dbus_error_name = GOA + ".Error.NotAuthorized"


class Account(dbus.service.Object):
    path = "/org/gnome/OnlineAccounts/Accounts/account_1700000000_0"
    ensured = False

    def interfaces(self):
        secret = ".OAuth2Based" if "token" in given else ".PasswordBased"
        string = lambda words: dbus.String(words, variant_level=1)
        true = lambda value: dbus.Boolean(value, variant_level=1)
        return {
            GOA + ".Account": {
                "Id": string("account_1700000000_0"),
                "ProviderType": string("imap_smtp"),
                "Identity": string(given["address"]),
                "MailDisabled": true(given.get("disabled", False)),
                "AttentionNeeded": true(given.get("signed_out", False)),
            },
            GOA + ".Mail": {
                "EmailAddress": string(given["address"]),
                "ImapSupported": true(True),
                "ImapAcceptSslErrors": true(False),
                "ImapHost": string(given["host"]),
                "ImapUserName": string(given.get("user", given["address"])),
                "ImapUseSsl": true(True),
                "ImapUseTls": true(False),
            },
            GOA + secret: dbus.Dictionary({}, signature="sv"),
        }

    @dbus.service.method(GOA + ".Account", out_signature="i")
    def EnsureCredentials(self):
        if given.get("signed_out"):
            raise NotAuthorized("Credentials not found in keyring")
        self.ensured = True
        return 3600

    @dbus.service.method(GOA + ".OAuth2Based", out_signature="si")
    def GetAccessToken(self):
        # As in GNOME: only what EnsureCredentials has renewed is worth anything.
        return (given["token"] if self.ensured else "stale"), 3600

    @dbus.service.method(GOA + ".PasswordBased", in_signature="s", out_signature="s")
    def GetPassword(self, what):
        return given["password"] if what == "imap-password" else "another"


class Manager(dbus.service.Object):
    @dbus.service.method("org.freedesktop.DBus.ObjectManager", out_signature="a{oa{sa{sv}}}")
    def GetManagedObjects(self):
        return {account.path: account.interfaces()}


account = Account(bus, Account.path)
manager = Manager(bus, "/org/gnome/OnlineAccounts")
print("ready", flush=True)
GLib.MainLoop().run()
