"""Payments that a bank refused and that are tried again by themselves, because their payers agreed to it beforehand.

`agreeing` offers it and takes the consent, `trying` does it on its days, `telling` writes the mails and lines.
"""
