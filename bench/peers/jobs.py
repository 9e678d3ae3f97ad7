"""The peer of the jobs row: a job that imports what it needs, as most RQ jobs do; every fork imports it again."""

from __future__ import annotations


def naive(subject: str) -> str:
    """Import the libraries of the trade and do nothing with them."""
    import quickbooks
    import sqlmodel
    import stripe

    return f"{subject} {quickbooks.__name__} {sqlmodel.__name__} {stripe.__name__}"
