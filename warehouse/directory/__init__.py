"""What is asked before a chain is known: who somebody is, and what they are where."""
