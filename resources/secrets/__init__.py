"""What is secret in the environment, and how it is kept there.

Belongs here: which variables hold secrets, and removing them from whatever leaves a process. Does not belong here: how
any text may be written (`resources.escaping`), using an address (the resource that talks to the place it names), or
addresses in definitions, which may hold none (`catalogue.definition.source`).
"""

from resources.secrets.process import guard_process
from resources.secrets.texts import SecretFreeError, without_secrets

__all__ = ["SecretFreeError", "guard_process", "without_secrets"]
