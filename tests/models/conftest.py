"""Makes what tests share importable from here, and gives the models that TF 1.15 wrote."""
import os
import sys

import numpy as np
import pytest

_HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (_HERE, os.path.dirname(_HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)


@pytest.fixture(scope="session")
def truth():
    """What make_models.py stored: feeds, losses and Hessians."""
    with np.load(os.path.join(_HERE, "truth.npz")) as file:
        return dict(file)
