"""Mutation testing of what judges: does some test fail when a line says something else?

Belongs here: which mutants, and by which tests each is tried. Does not belong here: the figures (docs/mutation.md).
"""
