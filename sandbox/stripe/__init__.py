"""A stateful stand-in of Stripe: the API, the browser's script, webhooks, balance and payouts, over real HTTP.

Accepts stripe-python and a browser unmodified. Only Stripe's published test cards and test bank accounts are
accepted; any other number is refused and never kept. Prices, delays and what else Stripe does not publish: `switches`.
"""
