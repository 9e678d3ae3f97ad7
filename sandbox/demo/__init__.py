"""The demo: the whole product with its stand-ins on one machine, started, connected and ended by one command.

Imports nothing of the product: it speaks to it as a person would, over HTTP and by its command line. Law: whatever way
the demo ends, none of its processes outlives it.
"""
