"""Makes the table of ops and the maker of its page importable from here."""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (_HERE, os.path.dirname(_HERE), os.path.join(os.path.dirname(os.path.dirname(_HERE)), "docs")):
    if folder not in sys.path:
        sys.path.insert(0, folder)
