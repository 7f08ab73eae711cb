"""Sessions: fetching results."""
