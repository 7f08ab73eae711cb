"""Makes the scenarios and the finite differences importable from here."""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (_HERE, os.path.dirname(_HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)
