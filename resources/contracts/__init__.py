"""What a raw table must meet before anything is made from it.

Belongs here: the rules of a contract, judging a table by them, and setting aside the rows that break a row rule. Does
not belong here: writing or publishing the outcome (`assets`), or whether features leak the target
(`modeling.core.leakage`). Great Expectations and pandas are imported inside functions only.
"""

from resources.contracts.clauses import DERIVED_EXPECTATIONS, Clause, declared_columns, named, rules
from resources.contracts.deliveries import Delivery
from resources.contracts.unlabelled import broken_by_row
from resources.contracts.verdict import (
    QUARANTINE_SHARE,
    ContractError,
    ContractViolation,
    Verdict,
    check_rules,
    validate,
)

__all__ = [
    "DERIVED_EXPECTATIONS",
    "QUARANTINE_SHARE",
    "Clause",
    "ContractError",
    "ContractViolation",
    "Delivery",
    "Verdict",
    "broken_by_row",
    "check_rules",
    "declared_columns",
    "named",
    "rules",
    "validate",
]
