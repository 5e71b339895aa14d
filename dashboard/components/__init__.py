"""What pages are made of: tile, sentence, attention list, ranking table, pictures, empty states."""
