"""Neural networks that only this problem has."""
