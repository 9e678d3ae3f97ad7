"""The harness: a model of the protocol (L0), simulated days of the real code (L1), real processes under fire (L2),
browsers (L3), the invariants that all of them check, and the seeded bugs that show whether it bites.
"""
