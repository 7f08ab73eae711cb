"""Arrays by name on disk."""
import os
import uuid
import zipfile

import numpy as np

__all__ = ["save"]


def save(path, arrays):
    """Writes pairs (name, array) as an .npz file, whole or not at all; names that np.savez can't take as well."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    partial = "%s.%s.partial" % (path, uuid.uuid4().hex)
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED, True) as archive:
            for name, array in arrays:
                with archive.open(name + ".npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
        os.replace(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise
