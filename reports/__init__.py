"""What leaves the board: tables, and reports on paper, made of the board's own reads."""
