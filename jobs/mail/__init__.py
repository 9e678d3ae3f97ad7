"""Mails: rows owed to somebody become letters in two hands, HTML and plain text, and leave by SMTP.

A mail row is written in the commit of the fact it tells of (by `sync` or `portal`); this room only writes the words and
sends. Contract of a row's sealed context (vault column `mail.context`, a JSON object): `receipt`, `debit_started` and
`debit_failed` need none and read the payment's rows; `sign_in` and `staff_sign_in` hold {"url"}; `invoice_link` holds
{"url", "invoice_id"}; beside them may stand "language". Law: a mail goes out at least once, and always under the same
Message-ID.
"""
