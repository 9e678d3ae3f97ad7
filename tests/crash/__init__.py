"""Real processes ended by kill -9 at named points, and what is left of the money afterwards."""
