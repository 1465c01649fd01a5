#!/usr/bin/env python3
"""same_findings.py WHAT A DAYS B DAYS: are two lists of findings the same, counted from the day on which each was made?

Dates in the text become offsets from that day (DAYS after today), and times of day go; then severity, kind, subject
and summary must be equal, in order.
"""
import datetime
import json
import re
import sys

TODAY = datetime.datetime.now(datetime.timezone.utc).date()


def findings(path, days):
    origin = TODAY + datetime.timedelta(days=days)

    def offset(m):
        return f"day{(datetime.date(int(m[1]), int(m[2]), int(m[3])) - origin).days:+d}"
    rows = []
    for row in json.load(open(path, encoding="utf-8")):
        text = json.dumps([row.get(k) for k in ("severity", "kind", "subject", "summary")])
        text = re.sub(r"(\d{4})-(\d\d)-(\d\d)", offset, text)
        rows.append(re.sub(r"T?\d\d:\d\d(:\d\d(\.\d+)?)?Z?|\b[0-9A-Za-z]*\d{6,}[0-9A-Za-z]*\b", "~", text))
    return rows


def main(what, a, a_days, b, b_days):
    try:
        one, two = findings(a, int(a_days)), findings(b, int(b_days))
    except (ValueError, OSError) as e:
        print(f"MISSED {what}: no findings to compare ({e})")
        return
    if not one:
        print(f"MISSED {what}: there are no findings at all")
    elif one == two:
        print(f"ok {what}: the same {len(one)} findings")
    else:
        print(f"MISSED {what}: {len(set(one) ^ set(two))} of {len(one)} findings differ")
        for row in one + ["against"] + two:
            print("  " + row, file=sys.stderr)


main(*sys.argv[1:])
