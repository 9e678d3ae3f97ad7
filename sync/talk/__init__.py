"""Questions and disputes on an invoice: opened by a payer, answered by either side, closed with a word of result.

Threads and messages are rows; who looks after one, until when, and what a late one leads to are decisions of their own.
Knows no page and no SMTP. Laws: what is said is only added; a second press of one form writes nothing; every mail that
a message owes stands in its commit.
"""
