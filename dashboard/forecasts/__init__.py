"""The parts of the Forecast page: what is asked, words, figures, tables, forms, changes."""
