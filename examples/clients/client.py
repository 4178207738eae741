#!/usr/bin/env python3
"""Looks at an organization's services, finds a slot, books it and cancels it.

KORDLESS_API_KEY=kord_live_… KORDLESS_ORG_ID=org_… examples/clients/client.py
Python's standard library only.
"""

import datetime
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

API = os.environ.get("KORDLESS_URL", "http://127.0.0.1:8080") + "/api/calendar/v1/public"
SLUG = os.environ.get("KORDLESS_ORG_SLUG", "acme-salon")


class Refused(Exception):
    """The API's own sentence."""


def call(method, path, query=None, body=None, headers=None):
    url = API + path + ("?" + urllib.parse.urlencode(query) if query else "")
    request = urllib.request.Request(url, method=method, headers={
        "x-kordless-key": os.environ["KORDLESS_API_KEY"],
        "x-organization-id": os.environ["KORDLESS_ORG_ID"],
        **(headers or {}),
    })
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(f"{method} {path}: {error.code} {json.load(error)['detail']}")
    except urllib.error.URLError as error:
        raise Refused(f"{url}: {error.reason}")


def first_slot(service):
    today = datetime.datetime.now(datetime.timezone.utc)
    day = lambda n: (today + datetime.timedelta(days=n)).strftime("%Y-%m-%dT00:00:00Z")
    slots = call("GET", "/availability", {
        "org_slug": SLUG, "service_slug": service, "from": day(2), "to": day(16)})["slots"]
    if not slots:
        raise Refused(f"nothing is free until {day(16)}")
    return slots[0]


def book(service, slot):
    # The same Idempotency-Key twice makes one booking: safe to repeat when in doubt.
    return call("POST", "/bookings", headers={"Idempotency-Key": str(uuid.uuid4())}, body={
        "org_slug": SLUG, "service_slug": service, "timezone": "UTC",
        "starts_at": slot["startsAt"], "ends_at": slot["endsAt"],
        "contact": {"name": "Python", "email": "python@example.com"}})["booking"]


def main():
    services = call("GET", f"/org/{SLUG}")["services"]
    if not services:
        raise Refused(f"{SLUG} has no services yet")
    page = call("GET", f"/org/{SLUG}/service/{services[0]['slug']}")
    service = page["service"]
    print(f"service  {service['slug']}: {service['name']}, {service['duration']} minutes")
    slot = first_slot(service["slug"])
    print("slot    ", slot["startsAt"])
    booking = book(service["slug"], slot)
    print("booked  ", booking["confirmation_number"])
    number = booking["confirmation_number"]
    canceled = call("POST", f"/bookings/confirmation/{number}/cancel",
                    {"contact": "python@example.com"})["booking"]
    print("then    ", canceled["status"])


if __name__ == "__main__":
    try:
        main()
    except KeyError as missing:
        sys.exit(f"{missing} is missing")
    except Refused as refusal:
        sys.exit(str(refusal))
