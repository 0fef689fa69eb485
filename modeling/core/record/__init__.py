"""What an evaluation says: the published record that the command line, the reports and the Dagster UI read.

Belongs here: the schema, in parts. Does not belong here: computing any of it. A number that was not measured is absent
(`None` or no entry), never zero.
"""

from modeling.core.record.base import Interval, Lift, Record
from modeling.core.record.behaviour import Calibration, Curve, Explanation, Importance, OperatingPoint, Slice
from modeling.core.record.chapters import (
    Band,
    Chapter,
    Estimates,
    Exhibit,
    Line,
    LineChart,
    Listing,
    Picture,
    Pictures,
    Roads,
)
from modeling.core.record.evaluation import SCHEMA_VERSION, Evaluation, Provenance
from modeling.core.record.rows import ContractResult, LeakageFinding, RowCounts, TwinRows
from modeling.core.record.scores import Baseline, CandidateResult, Champion
from modeling.core.record.verdict import Challenge, Gate

__all__ = [
    "SCHEMA_VERSION",
    "Band",
    "Baseline",
    "Calibration",
    "CandidateResult",
    "Challenge",
    "Champion",
    "Chapter",
    "ContractResult",
    "Curve",
    "Estimates",
    "Evaluation",
    "Exhibit",
    "Explanation",
    "Gate",
    "Importance",
    "Interval",
    "LeakageFinding",
    "Lift",
    "Line",
    "LineChart",
    "Listing",
    "OperatingPoint",
    "Picture",
    "Pictures",
    "Provenance",
    "Record",
    "Roads",
    "RowCounts",
    "Slice",
    "TwinRows",
]
