"""The state folder: what lies where, and writing it so that nothing is lost or seen half-written."""
