"""The command `sectorforge serve`.

Belongs here: its words, and the port. Does not belong here: predicting (`resources.serving.predictor`), what MLflow
knows of models (`resources.tracking`), or the server (`pipelines.web.model_server`).
"""

from typing import Annotated

import typer

from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from pipelines.cli.arguments import LOOPBACK, Key, listening
from pipelines.cli.error_boundary import Commands
from pipelines.cli.published import one_published
from pipelines.cli.terminal import console
from pipelines.web import model_server
from pipelines.web.cross_site import served_hosts
from resources.serving.predictor import Published
from resources.store.state import State
from resources.tracking import Tracking

app = Commands()


@app.command()
def serve(key: Key, port: Annotated[int, typer.Option(help="port on this machine")] = 5001) -> None:
    """Serve the published model over HTTP. The server has no authentication: it listens on loopback only."""
    served_hosts()
    use_case, place = one_published(key)
    listener = listening(port)
    published = Published.tried(place, use_case)
    tracked = Tracking(home=State()).record(use_case, load(StoredEvaluation, place), place)
    console.print(f"MLflow: {tracked}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"http://{LOOPBACK}:{port}/invocations (Ctrl-C ends it)", highlight=False)
    model_server.serve(published, listener)
