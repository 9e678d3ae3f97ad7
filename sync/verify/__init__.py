"""The invariants that hold in production, checked from the rows, and with `live` from both services read back.

`INVARIANTS` is the table, `verify` runs it. Law: reads only.
"""
