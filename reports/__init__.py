"""What leaves the board: mail, tables, and reports on paper, of the board's own reads."""
