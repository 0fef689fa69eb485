"""From a document to HTML and Markdown.

Belongs here: the templates' environment and escaping. Does not belong here: what a report says. The HTML needs nothing
but itself: no script, no address, pictures and style inside.
"""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from catalogue.visible import visible
from modeling.core.report import Report
from modeling.reports import palette
from modeling.reports.document import Document, Link, Status


def render(document: Document, json: str) -> Report:
    """The document as HTML and Markdown beside the `json` it was made from."""
    return Report(html=_html(document), markdown=_markdown(document), json=json)


def _html(document: Document) -> str:
    style = _environment(autoescape=True).get_template("report.css").render(light=palette.LIGHT, dark=palette.DARK)
    page = _environment(autoescape=True).get_template("report.html.j2")
    return page.render(document=document, style=Markup(style)).lstrip()


def _markdown(document: Document) -> str:
    text = _environment(autoescape=False).get_template("report.md.j2").render(document=document)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@cache
def _environment(autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("modeling.reports"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters["breakable"] = _breakable
    environment.filters["unbroken"] = _unbroken
    environment.filters["markdown"] = _escaped_for_markdown
    environment.tests["link"] = lambda cell: isinstance(cell, Link)
    environment.tests["status"] = lambda cell: isinstance(cell, Status)
    return environment


def _breakable(text: str) -> Markup:
    """`text` for HTML; words too long for a column may break after an underscore, a slash or a bracket."""
    escaped = str(escape(visible(text)))
    return Markup(re.sub(r"\S{24,}", lambda word: re.sub(r"[_/(,](?=\w)", r"\g<0><wbr>", word[0]), escaped))


def _unbroken(text: str) -> Markup:
    """A number for HTML; between it and the interval in brackets it may break, and nowhere else."""
    parts = re.split(r" (?=\()", visible(text), maxsplit=1)
    return Markup(" ").join(Markup("<span>{}</span>").format(part) for part in parts)


def _escaped_for_markdown(text: str) -> str:
    """`text` on one line, with every character Markdown would act on escaped; `snake_case` stays readable."""
    text = re.sub(r"([\\`*\[\]<>|#~])", r"\\\1", " ".join(text.split()))
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    return re.sub(r"^(\d+)([.)])(?= )|^([-+])(?= )", r"\1\\\2\3", text)
