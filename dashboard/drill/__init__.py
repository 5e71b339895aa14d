"""What a figure is made of: its terms, its split, and its payments one by one."""
