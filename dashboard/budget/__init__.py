"""The parts of the Marketing page."""
