"""What assets talk to: sources, storage, contracts, compute.

Belongs here: the outside world, behind typed errors. Does not belong here: what is made from it (`assets`) or how a
model learns (`modeling`). Heavy libraries are imported inside the functions that need them.
"""
