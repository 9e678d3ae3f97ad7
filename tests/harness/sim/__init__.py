"""L1, the simulation: Tieout's real code with a clock, chance, wires and a scheduler that one seed decides.

One thread plays the web, two workers, the scheduler, payers, bookkeepers, Stripe and QuickBooks. Law: the same seed
gives the same run, byte for byte, so that whatever breaks can be played again until it is understood.
"""
