"""How many tables are tried.

Belongs here: the profiles of hypothesis. Does not belong here: what is drawn (`columns`, `tables`).
"""

from hypothesis import HealthCheck, settings

settings.register_profile("long", deadline=None, max_examples=100, suppress_health_check=[*HealthCheck])
for name in ("default", "ci"):
    settings.register_profile(name, settings.get_profile("long"), max_examples=100, derandomize=True, database=None)
