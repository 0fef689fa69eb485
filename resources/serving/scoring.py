"""What a server answers over a published model: tables in JSON or CSV in, a row of answers for each row out.

Belongs here: the bodies of requests and answers, in the shapes of MLflow's scoring protocol
(https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally). Does not belong here: predicting (`predictor`), or
what stands in front of the server (`pipelines.web`).

MLflow's own server reads bodies through pandas, where `00017` becomes 17 and an integer beside a gap a float.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import polars as pl
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from catalogue.definition import Reading
from modeling.artefacts.errors import is_panic
from modeling.core.predictions import ERROR
from resources.errors import PermanentError
from resources.serving.predictor import Published
from resources.sources.reading import read_table
from resources.sources.remarks import ReadTable

CSV = "text/csv"
SHAPES = ("dataframe_records", "dataframe_split")
SEND = (
    'send {"dataframe_records": [{"column": value, …}, …]}, {"dataframe_split": {"columns": […], "data": [[…], …]}}, '
    f"or a table with a header as {CSV}"
)


class UnreadableRequest(PermanentError):
    """A body that holds no table; the message says what to send."""


def application(published: Published) -> Starlette:
    """A web application that answers `POST /invocations`, and `GET /ping`, `/health` and `/version`.

    | status of `/invocations` | when |
    |---|---|
    | 200 | at least one row has a prediction; every row has one or an `error` |
    | 422 | no row has a prediction; every row has an `error` |
    | 400 | the request as a whole: no table, a column that is missing or wholly of another kind |
    | 500 | the model failed |
    """

    _warm(published)

    async def invocations(request: Request) -> Response:
        body, content_type = await request.body(), request.headers.get("content-type", "")
        return await run_in_threadpool(_answer, published, body, content_type)

    async def alive(_: Request) -> Response:
        return Response("\n", media_type="application/json")

    async def version(_: Request) -> Response:
        return Response(published.version, media_type="text/plain")

    routes = [Route(path, alive) for path in ("/ping", "/health")]
    return Starlette(routes=[*routes, Route("/version", version), Route("/invocations", invocations, methods=["POST"])])


def _warm(published: Published) -> None:
    """Whatever is imported on first use is not waited for by the first who asks."""
    columns = published.model.columns
    with suppress(Exception):  # a row without values may be refused
        published.answers(pl.DataFrame({name: [None] for name in columns}, schema=columns))


def _answer(published: Published, body: bytes, content_type: str) -> Response:
    try:
        read = _from_csv(body, published) if content_type.lower().startswith(CSV) else ReadTable(_from_json(body))
        rows, remarks = read
        answers = published.answers(rows)
    except PermanentError as error:
        return JSONResponse({"error_code": "BAD_REQUEST", "message": str(error)}, 400)
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        logging.getLogger(__name__).exception("a request failed")
        message = "the model failed; its server's log says where"
        return JSONResponse({"error_code": "INTERNAL_ERROR", "message": message}, 500)
    not_read = published.not_read(rows.columns)
    beside = {"not_read": not_read, "reading": remarks}
    said = {"predictions": answers.to_dicts(), **{name: held for name, held in beside.items() if held}}
    content = json.dumps(said, default=str, ensure_ascii=False, separators=(",", ":"))
    return Response(content, 200 if answers[ERROR].null_count() else 422, media_type="application/json")


def _from_csv(body: bytes, published: Published) -> ReadTable:
    """In the notation of the use case's files, in UTF-8."""
    use_case = published.use_case
    reading = use_case.rows_to_predict or Reading().to_predict(use_case.target)
    as_sent = reading.model_copy(update={"format": "csv", "encoding": "utf8"})
    return read_table(body, "rows.csv", as_sent, "the request", pinned=False)


def _from_json(body: bytes) -> pl.DataFrame:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise UnreadableRequest(f"the body can't be read as JSON: {error}; {SEND}") from error
    if not isinstance(content, dict) or [name in content for name in SHAPES].count(True) != 1:
        raise UnreadableRequest(f"the body must be a JSON dictionary with exactly one of {', '.join(SHAPES)}: {SEND}")
    records, split = content.get(SHAPES[0]), content.get(SHAPES[1])
    return _of_records(records) if split is None else _of_split(split)


def _of_records(records: Any) -> pl.DataFrame:
    if not isinstance(records, list) or not all(isinstance(record, Mapping) for record in records):
        raise UnreadableRequest(f"{SHAPES[0]} is no list of objects: {SEND}")
    names = list(dict.fromkeys(name for record in records for name in record))
    return pl.DataFrame([_column(name, [record.get(name) for record in records]) for name in names])


def _of_split(split: Any) -> pl.DataFrame:
    columns, data = (split.get(part) if isinstance(split, dict) else None for part in ("columns", "data"))
    if not isinstance(columns, list) or not isinstance(data, list) or len(set(map(str, columns))) < len(columns):
        raise UnreadableRequest(f"{SHAPES[1]} needs unique columns, and data: {SEND}")
    if any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        raise UnreadableRequest(f"a row of {SHAPES[1]} has not the length of its columns: {SEND}")
    return pl.DataFrame([_column(str(name), [row[at] for row in data]) for at, name in enumerate(columns)])


def _column(name: str, values: list[Any]) -> pl.Series:
    """Values of several types become text."""
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [value if value is None else _text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
