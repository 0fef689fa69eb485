"""The leakage audit: do test rows repeat training rows, or features the target?

Belongs here: checks of rows and roles together and report findings. Does not belong here: making the split
(`modeling.core.splits`), or deciding what a failed finding means for publication (`modeling.evaluation.gates`).
"""

from modeling.core.leakage.alone import SOLVED, scores_alone
from modeling.core.leakage.closeness import within
from modeling.core.leakage.findings import Audit, Audited, audit
from modeling.core.leakage.formulas import find
from modeling.core.leakage.known import Known
from modeling.core.leakage.likeness import Keys, Likeness, Vectors
from modeling.core.leakage.look_ahead import look_ahead

__all__ = [
    "SOLVED",
    "Audit",
    "Audited",
    "Keys",
    "Known",
    "Likeness",
    "Vectors",
    "audit",
    "find",
    "look_ahead",
    "scores_alone",
    "within",
]
