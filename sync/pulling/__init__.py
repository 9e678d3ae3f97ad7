"""Pulling, in its steps: fetch ahead, read the heads, land what is new, tell what changed. `sync.pull` is the door.

Law: a cursor moves in the commit that keeps what it passed.
"""
