"""How values are written in a table of text: numbers, dates and what stands for none.

Belongs here: reading and detecting them. Does not belong here: lines, fields and headers (`sources.dialect`), or the
bytes of a file (`sources.reading`).
"""

from resources.sources.notation.dates import read_date, read_iso
from resources.sources.notation.detection import DetectedNotation, detect
from resources.sources.notation.numbers import INFINITE, NOTATIONS, Notation, notation_of, read_numbers

__all__ = [
    "INFINITE",
    "NOTATIONS",
    "DetectedNotation",
    "Notation",
    "detect",
    "notation_of",
    "read_date",
    "read_iso",
    "read_numbers",
]
