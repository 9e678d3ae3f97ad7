"""Who may come in and what they may see: sessions, links, people, roles, and counters of attempts.

Knows cookies and rows, no page. Laws: tokens are stored as SHA-256 only; scope stands in the query itself; what is not
yours answers exactly like what does not exist.
"""
