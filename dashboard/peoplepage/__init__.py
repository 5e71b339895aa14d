"""The parts of the People page: its lists, its form, and what it changes."""
