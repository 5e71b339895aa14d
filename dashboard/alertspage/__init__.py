"""The parts of the Alerts page: what is open, the rules in words, the form, the history."""
