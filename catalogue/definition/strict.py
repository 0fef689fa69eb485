"""What every part of a definition is.

Belongs here: the base that refuses unknown keys and numbers that bound nothing. Does not belong here: any key.
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A model that refuses keys it does not know, and numbers that are not finite.

    Attributes
    ----------
    removed: keys that earlier versions knew, and what to do about each.
    """

    removed: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False)
