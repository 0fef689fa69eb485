"""A definition for a table nobody has described yet.

Belongs here: proposing what a `use_case.yaml` says from the values and the names of a table's columns, each part with
its evidence, and writing it down. Does not belong here: reading the file (`resources.sources`), or putting a folder
into the catalogue (`pipelines.onboarding`).
"""

from modeling.proposal.proposal import Proposal, ProposalError, propose
from modeling.proposal.writing import written

__all__ = ["Proposal", "ProposalError", "propose", "written"]
