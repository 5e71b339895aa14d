"""Cards that explain: the bridge between two periods, the fair ranking, nameless peers."""
