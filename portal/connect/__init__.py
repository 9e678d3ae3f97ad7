"""The connect pages: to QuickBooks and to Stripe, and back. Each module's import adds its pages to `doors`."""

from portal.connect import to_quickbooks, to_stripe
from portal.connect.gate import doors

__all__ = ["doors", "to_quickbooks", "to_stripe"]
