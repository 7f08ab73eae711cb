"""Command lines with words dropped, doubled, exchanged and made up: a result, or one line, an exit code and no file."""
import os
import random

import numpy as np
import pytest
from on_disk import CHECKPOINT, SAVED_MODEL

LINES = [
    ["diag", CHECKPOINT, "--loss", "loss:0", "--source", "hidden/bias", "--feeds", "net.npz", "--out", "out.npz"],
    ["hessian", CHECKPOINT + ".meta", "--loss", "loss", "--source", "output/kernel", "--feeds", "net.npz", "--out",
     "out.npz", "--batch-size", "2", "--reduce", "mean"],
    ["spectrum", SAVED_MODEL, "--loss", "nll", "--feeds", "nll.npz", "--out", "out.npz", "--top", "2"],
    ["plan", CHECKPOINT, "--loss", "loss", "--quantity", "full"],
    ["inspect", SAVED_MODEL, "--loss", "nll"],
]
WORDS = ["", "-", "--", "--loss", "--source", "--feeds", "--out", "--resume", "--precision", "float64", "0", "-1",
         "1e9", "nan", "\u00e9", "a b", "x:0", "x:7", "loss:0", "^loss", "net.npz", "out.npz", ".", "/",
         "--engine=loop", "--chunk-size=3", "--help", "--verify=never", "w" * 300, "'", "%s", "--batch-size",
         CHECKPOINT, "hessian", "check"]


def altered(line, chance):
    """The line with one to three changes."""
    line = list(line)
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(line)), chance.randrange(len(line))
        change = chance.randrange(5)
        if change == 0 and len(line) > 1:
            del line[at]
        elif change == 1:
            line.insert(at, line[other])
        elif change == 2:
            line[at], line[other] = line[other], line[at]
        elif change == 3:
            line[at] = chance.choice(WORDS)
        else:
            line.insert(at, chance.choice(WORDS))
    return line


@pytest.mark.parametrize("seed", range(5))
def test_random_lines(command, folder, seed):
    chance, ends = random.Random(seed), []
    before = sorted(os.listdir(str(folder)))
    for line in [LINES[seed]] + [altered(LINES[seed], chance) for _ in range(24)]:
        code, out, err = command(line)
        ends.append(code)
        assert "Traceback" not in out + err, (line, err)
        new = sorted(set(os.listdir(str(folder))) - set(before))
        if code:
            assert err.splitlines()[-1].startswith("tf1-hessian: error: "), (line, err)
            assert not new, line
        for name in new:
            with np.load(name, allow_pickle=False) as found:
                assert found.files, line
            os.remove(name)
    assert ends[0] == 0 and 2 in ends and set(ends) <= {0, 1, 2, 3}
