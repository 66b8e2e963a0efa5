"""Reads an iCalendar file as another program does (python3-icalendar), and prints its events as JSON."""

import json
import sys

from icalendar import Calendar

calendar = Calendar.from_ical(sys.stdin.buffer.read())
events = []
for event in calendar.walk("VEVENT"):
    events.append(
        {
            "uid": str(event["UID"]),
            "stamp": event["DTSTAMP"].dt.isoformat(),
            "start": event["DTSTART"].dt.isoformat(),
            "end": event["DTEND"].dt.isoformat(),
            "summary": str(event["SUMMARY"]),
            "description": str(event["DESCRIPTION"]),
            "transparent": str(event["TRANSP"]),
        }
    )
    if event.errors:
        sys.exit(f"{event['UID']}: {event.errors}")
print(json.dumps({"version": str(calendar["VERSION"]), "product": str(calendar["PRODID"]), "events": events}))
