"""The sections of a use case report, a function each, from the record to blocks.

Belongs here: which part of the record a section shows and the words around it. Does not belong here: the order of
sections and the headline (`use_case`), pictures (`charts`), digits (`wording`).
"""
