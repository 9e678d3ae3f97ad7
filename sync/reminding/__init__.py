"""Reminding: which mail about an invoice is due, to whom it goes, and what keeps it from going.

Decisions are pure; the rest reads and writes rows of one company. Laws: a step of an invoice is mailed once for each
address, on no quiet day and at no quiet hour; nothing is asked for that is paid, promised, disputed or gone.
"""
