"""Makes the modules beside the tests importable, and the cases of every op that has a trait."""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
for _folder in (_HERE, os.path.join(os.path.dirname(_HERE), "traits")):
    if _folder not in sys.path:
        sys.path.insert(0, _folder)
