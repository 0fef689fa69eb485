"""What every part of a definition is.

Belongs here: the base that refuses unknown keys and numbers that bound nothing. Does not belong here: any key.
"""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A model that refuses keys it does not know, and numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)
