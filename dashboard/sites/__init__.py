"""Parts of the Locations page."""
