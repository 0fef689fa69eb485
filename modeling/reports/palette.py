"""The colours of reports, on light and on dark paper.

Belongs here: the only list of colours. Does not belong here: where one is used (`charts`, `report.css`). In a page a
colour is a CSS variable, which the inlined SVG obeys, so one picture suits both kinds of paper. Text colours keep a
contrast of at least 4.5 to 1 with the paper.
"""

LIGHT = {
    "paper": "#ffffff",
    "wash": "#f5f6f8",
    "ink": "#1a1f26",
    "muted": "#59626e",
    "rule": "#d8dde3",
    "first": "#1c5d9f",
    "second": "#a84a0b",
    "third": "#59626e",
    "good": "#13693d",
    "bad": "#a8201a",
    "caution": "#7d5200",
}

DARK = {
    "paper": "#14171b",
    "wash": "#1d2127",
    "ink": "#e5e8ec",
    "muted": "#a3acb7",
    "rule": "#363d46",
    "first": "#77aeea",
    "second": "#f0a266",
    "third": "#a3acb7",
    "good": "#66cc94",
    "bad": "#f58d85",
    "caution": "#e2b457",
}


def variable(colour: str) -> str:
    """The CSS variable of a colour."""
    return f"var(--{colour})"


def resolved(text: str) -> str:
    """`text` with every variable replaced by its light colour, for pictures outside a page."""
    for colour, value in LIGHT.items():
        text = text.replace(variable(colour), value)
    return text
