"""Digests: a reader's figures of a day, a week or a month, as a mail or a group's message."""
