"""The parts of the Tokens page: its list, its form, and what it changes."""
