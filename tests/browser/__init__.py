"""A few journeys of people with a real browser, through real processes."""
