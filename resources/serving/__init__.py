"""Published models: their versions, which one serves, and what it answers."""
