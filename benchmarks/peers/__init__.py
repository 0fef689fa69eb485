"""Our champion beside other tools: the same rows, the same cores, the same seconds.

Belongs here: the public tables that nobody tuned on (`tables`), what our tool and the others make of them (`ours`,
`peer`), and the comparison (`compare`). Does not belong here: what Sectorforge does by itself.

The other tools need an environment of their own, for what they install changes what Sectorforge needs::

    python3 -m venv peers
    peers/bin/pip install -r benchmarks/peers/requirements.txt
    python -m benchmarks.peers run peers/bin/python WORKING_FOLDER [TABLE...]   # hours
    python -m benchmarks.peers compare WORKING_FOLDER                           # prints the comparison as Markdown

Whatever has been answered already is kept in the working folder, and not done again. A tool without an answer leaves
its log there.
"""
