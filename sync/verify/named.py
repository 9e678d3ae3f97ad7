"""What is named: the open discrepancies of a company, by everything they may be found by.

Law: money that is not where it should be is right only while an open discrepancy says so; a held posting is named by
the discrepancy of its cause.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from connector.store.books import DiscrepancyRow
from connector.store.outbox import PostingRow


@dataclass(frozen=True)
class Named:
    """Subjects, postings and payments of open discrepancies, and the kinds and subjects that are open."""

    names: frozenset[str]
    kinds: frozenset[tuple[str, str]]

    @classmethod
    def read(cls, session: Session, company_id: str, *, ever: bool = False) -> Named:
        """Read what is open now; with `ever` also what a person has closed, for what a person may have put right."""
        told = select(
            DiscrepancyRow.kind, DiscrepancyRow.subject, DiscrepancyRow.posting_id, DiscrepancyRow.payment_id
        ).where(DiscrepancyRow.company_id == company_id)
        rows = session.exec(told if ever else told.where(col(DiscrepancyRow.closed_at).is_(None))).all()
        names = {name for _, *found in rows for name in found if name}
        return cls(frozenset(names), frozenset((kind, subject) for kind, subject, *_ in rows))

    def has(self, *subjects: str) -> bool:
        """Tell whether something open is about any of these ids."""
        return any(subject in self.names for subject in subjects if subject)

    def of_kind(self, kind: str) -> list[str]:
        """Return the open subjects of a kind."""
        return sorted(subject for name, subject in self.kinds if name == kind)

    def holds(self, row: PostingRow) -> bool:
        """Tell whether a posting is held and its cause is told to somebody."""
        causes = self.of_kind("posting_held")
        return row.state == "held" and any(cause.partition("/")[0] == row.held_code for cause in causes)
