"""What an `industry.yaml` may say.

Belongs here: that file's keys. Does not belong here: a use case's (`use_case`).
"""

from pydantic import Field

from catalogue.definition.strict import Strict


class Industry(Strict):
    """The content of an `industry.yaml`."""

    title: str
    description: str = ""
    owners: list[str] = Field(default=["team:data"], description="Dagster owners: e-mail addresses or `team:name`")
