"""Reads and copies the user's graph; knows no derivative."""
