"""What leaves the house: mail, and what is sent on."""
