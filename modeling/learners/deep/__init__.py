"""Neural networks in torch."""
