"""Imports at once what the SDK imports at its first call, for a process that forks a child for each piece of work.

Knows no key and opens nothing; importing it is all there is to it. Law: it names every kind of object that a refusal
may hold; answers are read as they come, and need no class.
"""

from __future__ import annotations

import stripe

KINDS = ("charge", "payment_intent", "payment_method", "setup_intent")

stripe.StripeClient("no key: nothing is called")
stripe.ErrorObject.construct_from({kind: {"object": kind} for kind in KINDS}, None)
