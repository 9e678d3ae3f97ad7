"""Which files of the suite begin first where several workers share it: the longest, so that none is left for the end.

xdist gives a file to one worker and the files with most tests first, which leaves those with few long tests for last,
when the other worker has nothing more to do. Law: the order decides who waits, never what is found.
"""

from __future__ import annotations

from collections.abc import Mapping

# Files that take longer than twenty seconds of a worker, the longest first; what is not named follows as collected.
LONGEST = (
    "demo/test_demo.py",
    "portal/test_accessible.py",
    "sync/pull/test_first_load.py",
    "test_house.py",
    "scenarios/test_stories.py",
    "sync/tieout/test_prove.py",
    "portal/test_in_browser.py",
    "browser/test_journeys.py",
    "flows/test_main_job.py",
    "portal/test_tenancy.py",
    "sandbox/stripe/test_stripe_element.py",
    "portal/test_pay.py",
    "sync/collect/test_card_tries.py",
    "crash/test_kill.py",
    "harness/browsers/test_stories.py",
    "harness/sim/test_sim.py",
    "sandbox/stripe/test_stripe_express.py",
    "portal/test_passkeys.py",
    "bench/test_rows.py",
    "sync/pull/test_changes.py",
    "portal/test_languages_in_browser.py",
    "portal/test_pay_with_credit.py",
    "portal/test_console.py",
    "sync/pull/test_accounts.py",
    "portal/test_by_method.py",
    "jobs/test_texts.py",
    "portal/test_methods.py",
    "portal/test_passwords.py",
    "browser/test_pay_on_a_phone.py",
    "contract/test_older_libraries.py",
    "sync/verify/test_verify.py",
    "sync/outbox/test_crash.py",
)
_PLACES: Mapping[str, int] = {f"tests/{name}": place for place, name in enumerate(LONGEST)}


def place_of(nodeid: str) -> int:
    """Return where a test's file stands in the queue; tests of one file stay together and in their own order."""
    return _PLACES.get(nodeid.partition("::")[0], len(LONGEST))
