"""Published models as versions of MLflow's registered models.

Belongs here: registering a version, and the alias on the one that serves. Does not belong here: which serves
(`resources.serving.models`), or the run whose files a version is (`runs`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "serving"
NOTHING = "no registered version serves"
VERSION = "version"
"""Tag of a registered version: the published one it is."""


def model_name(key: str) -> str:
    """The registered model of a use case: MLflow's names have no slash."""
    return key.replace("/", ".")


def point(client: "MlflowClient", key: str, version: str | None) -> str:
    """Let the alias stand on `version`, or on none where that is not registered: it must not lie."""
    name = model_name(key)
    found = _number_of(client, name, version) if version else None
    if found is None:
        if client.search_registered_models(f"name = '{name}'"):
            client.delete_registered_model_alias(name, ALIAS)
        return NOTHING
    client.set_registered_model_alias(name, ALIAS, found)
    return f"version {found} of {name} serves"


def _number_of(client: "MlflowClient", name: str, version: str) -> str | None:
    """MLflow's number for a published version; None where that is not registered."""
    found = client.search_model_versions(f"name = '{name}'")
    return next((str(one.version) for one in found if one.tags.get(VERSION) == version), None)


def register(client: "MlflowClient", key: str, version: str, source: str, run: str) -> None:
    """Make a published version, whose model lies at `source` among the files of `run`, a version of the registered
    model, unless it is one."""
    name = model_name(key)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    if _number_of(client, name, version) is None:
        client.create_model_version(name, source, run, tags={VERSION: version})
