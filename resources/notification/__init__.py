"""Notices to the people who run this.

Belongs here: a notice, the places where it reaches people, and keeping it until it has. Does not belong here: what is
worth a notice (`pipelines.sensors`).

Who has something to tell writes it into the outbox, which takes a moment whatever the places do; a process of its own
(`__main__`) empties the outbox, and is killed where that takes too long.
"""
