"""Speed claims, each with the command that makes it. Not part of the tests."""
