"""Files as people keep them, and what a person says is right of each.

Belongs here: what comes out of every file of the shared folder `cases`, held against what its README says. Does not
belong here: tests of single behaviours (`tests`), which write their own files.
"""
