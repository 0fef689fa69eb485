"""How candidates are judged: metrics, intervals, choice, sealed test, slices, explanations, gates."""
