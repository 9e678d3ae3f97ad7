"""The adapter of Stripe: the only place that knows its SDK and its objects."""
