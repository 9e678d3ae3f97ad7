"""Edits: sparse updates of what QuickBooks has already, owed by a decision and brought there by the push.

`sync.edits` is the door. Law: nothing is sent that was not written down first, and nothing is written over that a
person changed in QuickBooks after the decision, unless another person says so.
"""
