"""Runs checks and tells what each saw.

A check is a function that takes the org, asserts facts about it, and returns a few words on what it saw. The last line
is `N passed, N failed`; the exit code is 1 if any failed.
"""

import json
import os
import traceback

CHECKS = []


def check(area):
    """Registers a function as the check of an area."""

    def register(function):
        CHECKS.append((area, function))
        return function

    return register


def equal(seen, expected):
    """Like assert, but says both."""
    assert seen == expected, f"saw {seen!r} instead of {expected!r}"


def refused(error_type, work):
    """The error that the work ends with."""
    try:
        result = work()
    except error_type as error:
        return error
    raise AssertionError(f"not refused: {result!r}")


def credentials():
    """What `tandem sandbox --json` printed."""
    return json.loads(os.environ["TANDEM_SANDBOX"])


def run_all(client, org):
    """Runs every check in the order of registration, whatever became of those before it. Gives the exit code."""
    failed = 0
    for area, function in CHECKS:
        try:
            seen, mark = function(org), "ok"
        except Exception:  # A check may fail in any way; all of them are told.
            seen, mark = traceback.format_exc(limit=-3).strip(), "FAILED"
            failed += 1
        print(f"{client} | {area:<34} | {mark:<6} | {seen}", flush=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0
