"""Results in files: all of one, or nothing."""
import contextlib
import datetime
import hashlib
import io
import json
import os
import platform
import uuid

import numpy as np

from tf1_hessian import __version__
from tf1_hessian._compat import tf
from tf1_hessian.cli.failures import INPUT, Stop

__all__ = ["PROVENANCE", "check_picture", "check_place", "provenance", "rendered", "sha256", "to_npz", "write"]

# The array that tells where the others come from, a JSON text.
PROVENANCE = "__provenance__"
_PICTURES = (".pdf", ".png", ".svg")


def check_place(path, flag, inputs=()):
    """Raises Stop where a file can't be written, or is one of the inputs."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise Stop(INPUT, "%s '%s' is a folder" % (flag, path))
    if not os.path.isdir(folder):
        raise Stop(INPUT, "%s '%s': there is no folder '%s'" % (flag, path, folder))
    if os.path.realpath(path) in {os.path.realpath(i) for i in inputs}:
        raise Stop(INPUT, "%s '%s' is a file of the model" % (flag, path))
    probe = _beside(path)
    try:
        with open(probe, "xb"):
            pass
        os.remove(probe)
    except OSError as error:
        raise Stop(INPUT, "%s '%s' can't be written: %s" % (flag, path, error.strerror or error)) from error


def check_picture(path):
    """Raises Stop where matplotlib is missing, or can't write such a file."""
    if os.path.splitext(path)[1].lower() not in _PICTURES:
        raise Stop(INPUT, "--plot '%s': expected a name that ends in one of %s" % (path, ", ".join(_PICTURES)))
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise Stop(INPUT, "--plot needs matplotlib, which does not import (%s): pip install matplotlib" % (
            error)) from error


def rendered(figure, path):
    """A figure as the bytes of a file."""
    found = io.BytesIO()
    figure.savefig(found, format=os.path.splitext(path)[1][1:].lower())
    return found.getvalue()


def to_npz(arrays, facts):
    """Named arrays and where they come from as the bytes of an .npz file."""
    found = io.BytesIO()
    np.savez(found, **dict(arrays, **{PROVENANCE: np.array(json.dumps(facts, indent=1))}))
    return found.getvalue()


def write(contents):
    """{path: bytes} in files. All are complete beside their places before the first one takes its place."""
    parts = {path: _beside(path) for path in contents}
    try:
        for path, part in parts.items():
            with open(part, "xb") as file:
                file.write(contents[path])
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            with contextlib.suppress(FileNotFoundError):
                os.remove(part)


def _beside(path):
    return "%s.%s.part" % (path, uuid.uuid4().hex[:12])


def provenance(argv, model, **facts):
    """What a result comes from: for json."""
    told = {
        "made_by": "tf1_hessian %s" % __version__, "command": ["tf1-hessian"] + list(argv),
        "date": datetime.datetime.utcnow().replace(microsecond=0).isoformat() + "Z",
        "tensorflow": tf.__version__, "numpy": np.__version__, "python": platform.python_version(),
        "model": model.path, "kind": model.kind, "checkpoint": model.checkpoint, "written_by": model.written_by,
        "sha256": {os.path.basename(path): sha256(path) for path in model.files}, "loss": model.loss.name}
    told.update(facts)
    return told


def sha256(path):
    """The hash of a file, wherever TensorFlow can read it."""
    found = hashlib.sha256()
    with tf.gfile.GFile(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return found.hexdigest()
