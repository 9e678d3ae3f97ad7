"""Rows and sessions: what Tieout keeps, on SQLite or PostgreSQL.

Tables stand by subject in modules of their own; every row of a company carries its `company_id` and every query names
it.
"""
