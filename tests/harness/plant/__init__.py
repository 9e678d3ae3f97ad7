"""L2 of the harness: a whole installation of real processes under fire, and what is left of the money afterwards."""
