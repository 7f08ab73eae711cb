"""Arrays by name on disk, whole or not at all."""
import os

import numpy as np
import pytest

from tf1_hessian.hooks.files import save


def test_numpy_reads_every_name(tmp_path):
    arrays = [("file", np.arange(6.0).reshape(2, 3)), ("a/b:0,c", np.float32(2)), ("arr_0", np.zeros([0, 2]))]
    save(str(tmp_path / "new" / "x.npz"), arrays)
    with np.load(str(tmp_path / "new" / "x.npz")) as found:
        assert found.files == [name for name, _ in arrays]
        for name, array in arrays:
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype
    assert os.listdir(str(tmp_path / "new")) == ["x.npz"]


def test_what_can_not_be_written_leaves_the_file_before(tmp_path, monkeypatch):
    path = str(tmp_path / "x.npz")
    save(path, [("a", np.ones(2))])

    def full_disk(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", full_disk)
    with pytest.raises(OSError, match="no space left"):
        save(path, [("a", np.zeros(2))])
    assert os.listdir(str(tmp_path)) == ["x.npz"] and np.load(path)["a"].tolist() == [1, 1]
