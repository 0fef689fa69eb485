"""The server of one model, behind `cross_site` and `request_body`.

Belongs here: putting the protection in front. Does not belong here: what answers (`resources.serving.scoring`), or
which model (`pipelines.cli.serve`).
"""

import socket

from pipelines.web.cross_site import JSON, CrossSiteProtection, served_hosts
from pipelines.web.request_body import BodyLimit
from resources.serving.predictor import Published


def serve(published: Published, listener: socket.socket) -> None:
    """Answer requests until the process is told to end."""
    import uvicorn

    from resources.serving.scoring import CSV, application

    app = application(published)
    app.add_middleware(BodyLimit)
    # No form can send CSV: a browser asks first (CORS preflight).
    app.add_middleware(CrossSiteProtection, hosts=served_hosts(), content_types=(JSON, CSV))
    uvicorn.Server(uvicorn.Config(app)).run(sockets=[listener])
