"""Where people reach the Dagster UI.

Belongs here: the address that the environment names. Does not belong here: what is linked there (`tracking`,
`pipelines.notices`), or starting the UI (`pipelines.web`).
"""

import os

from resources.secrets import without_secrets

VARIABLE = "SECTORFORGE_DAGSTER_URL"


def address() -> str:
    """As `https://dagster.example.com`, without what is secret in it; empty where the environment names none."""
    return without_secrets(os.environ.get(VARIABLE, "")).rstrip("/")
