"""Whole jobs, end to end, with the product's own composition root against both stand-ins."""
