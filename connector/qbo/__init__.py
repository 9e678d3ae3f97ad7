"""The adapter of QuickBooks Online: the only place that knows its wire, its documents and its library."""
