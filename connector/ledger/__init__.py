"""The accounting core: values and functions on the standard library alone.

Knows no database, no network, no framework. Laws are in each module and are tested as properties.
"""
