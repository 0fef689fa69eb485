"""What raw data must meet.

Belongs here: a rule as it is written. Does not belong here: which expectations there are, or judging any data
(`resources.contracts`).
"""

from typing import Any, Literal

from pydantic import Field, model_validator

from catalogue.definition.strict import Strict

OnFailure = Literal["block", "quarantine"]


class ContractRule(Strict):
    """One expectation, in Great Expectations' own vocabulary, and what happens to data that breaks it."""

    expectation: str = Field(pattern=r"^expect_[a-z_]+$")
    arguments: dict[str, Any] = Field(default={})
    on_failure: OnFailure = "block"

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        """`{expect_x: {column: A}, on_failure: quarantine}` is how a rule is written."""
        if not isinstance(value, dict) or "expectation" in value:
            return value
        expectations = [key for key in value if key != "on_failure"]
        if len(expectations) != 1:
            raise ValueError(f"a rule names exactly one expectation; this one names {expectations}")
        name = expectations[0]
        return {
            "expectation": name,
            "arguments": value[name] or {},
            "on_failure": value.get("on_failure", "block"),
        }
