"""From a Session program to TF 2, one loss at a time: the same numbers on both sides, shown."""
