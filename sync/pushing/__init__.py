"""Pushing, in its steps: claim, look, send, and what follows from each answer; and what a person may decide of it.

`sync.push` is the door. Law: nothing is sent that is not claimed, frozen and written down first.
"""
