"""Every save and load: values as folders and files.

Belongs here: the layout of an artefact's folder, a module a kind; `storage` is the entry. Does not belong here: the
values (`modeling.core`), a learner's own weights (`Learner.save`), or where the folders lie (`resources.store`).
"""
