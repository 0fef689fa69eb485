"""Empties an outbox: `python -m resources.notification FOLDER`, and prints what people should know.

Belongs here: the process that `Outbox.send` starts, and kills where it takes too long. Does not belong here: what it
does (`outbox`).
"""

import os
import sys
from functools import partial
from pathlib import Path

from resources.notification.outbox import Outbox

if __name__ == "__main__":
    Outbox(Path(sys.argv[1])).send_here(os.environ, partial(print, flush=True))
