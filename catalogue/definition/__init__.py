"""What an `industry.yaml` and a `use_case.yaml` may say: the pydantic models of both, a file a part.

Belongs here: keys, their defaults, and the checks that one part can settle alone. Does not belong here: what must hold
between parts or is known elsewhere (`catalogue.checks`), or finding and reading the files (`catalogue.reader`).
"""

from catalogue.definition.columns import Columns
from catalogue.definition.contract import ContractRule, OnFailure
from catalogue.definition.data_dictionary import ColumnDescription
from catalogue.definition.drift import DriftBounds
from catalogue.definition.gates import Costs, Gates
from catalogue.definition.industry import Industry
from catalogue.definition.reading import Numbers, Reading, Stack
from catalogue.definition.source import SOURCES, CompleteWhen, Files, Http, Member, Package, Simulation, Source, Sql
from catalogue.definition.split import ColumnSplit, GroupSplit, RandomSplit, ScaffoldSplit, TimeSplit
from catalogue.definition.use_case import Predict, UseCase

__all__ = [
    "SOURCES",
    "ColumnDescription",
    "ColumnSplit",
    "Columns",
    "CompleteWhen",
    "ContractRule",
    "Costs",
    "DriftBounds",
    "Files",
    "Gates",
    "GroupSplit",
    "Http",
    "Industry",
    "Member",
    "Numbers",
    "OnFailure",
    "Package",
    "Predict",
    "RandomSplit",
    "Reading",
    "ScaffoldSplit",
    "Simulation",
    "Source",
    "Sql",
    "Stack",
    "TimeSplit",
    "UseCase",
]
