"""What stands for a missing value in a table of text.

Belongs here: the words and marks. Does not belong here: whether a column has them (`detection`).
"""

MISSING = ("N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "?", "-", "--", "–", "—", "nan", "-nan", "#NV", "#DIV/0!")
"""What stands for a missing value wherever it stands alone."""
MISSING_AMONG_NUMBERS = (
    "None",
    "none",
    "Unknown",
    "unknown",
    "missing",
    ".",
    "*",
    "x",
    "/",
    "k.A.",
    "无",
    "缺失",
    "未知",
)
"""What stands for a missing value in a column that holds numbers or dates otherwise."""
