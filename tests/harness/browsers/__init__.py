"""L3 of the harness: browsers that do what people do twice, and one charge or an explicit second consent as the end."""
