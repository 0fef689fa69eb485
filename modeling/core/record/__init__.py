"""What an evaluation says: the published record that the command line, the reports and the Dagster UI read.

Belongs here: the schema, in parts. Does not belong here: computing any of it. A number that was not measured is absent
(`None` or no entry), never zero.
"""

from modeling.core.record.base import Interval, Lift, Record, Spread, with_texts
from modeling.core.record.behaviour import (
    Calibration,
    Curve,
    Explanation,
    Importance,
    OperatingPoint,
    Promise,
    Slice,
    SliceGap,
    WithinCluster,
)
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
from modeling.core.record.rows import ContractResult, Described, LeakageFinding, RowCounts, TwinRows
from modeling.core.record.scores import (
    Advantage,
    Baseline,
    CandidateResult,
    Champion,
    Estimate,
    Repeated,
    RepeatedSplit,
    Step,
)
from modeling.core.record.verdict import Challenge, Gate, Verdict

__all__ = [
    "SCHEMA_VERSION",
    "Advantage",
    "Band",
    "Baseline",
    "Calibration",
    "CandidateResult",
    "Challenge",
    "Champion",
    "Chapter",
    "ContractResult",
    "Curve",
    "Described",
    "Estimate",
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
    "Promise",
    "Provenance",
    "Record",
    "Repeated",
    "RepeatedSplit",
    "Roads",
    "RowCounts",
    "Slice",
    "SliceGap",
    "Spread",
    "Step",
    "TwinRows",
    "Verdict",
    "WithinCluster",
    "with_texts",
]
