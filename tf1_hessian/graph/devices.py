"""Columns on several devices, or tasks of a cluster: which there are, who lays which columns, where ops are placed."""
from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.emission import Emission

__all__ = ["Spread", "check_devices", "named", "parts_of", "shares_told", "stacked_rows"]

_EXPECTED = ("None, 'workers', or a list of different devices such as ['/job:worker/task:0', '/job:worker/task:1'] or "
             "['/gpu:0', '/gpu:1']")


def check_devices(devices):
    """Raises ValueError for what names no devices; 'workers' is looked up when it is asked for, in `named`."""
    if devices is None or devices == "workers":
        return
    if not isinstance(devices, (list, tuple)) or not devices or not all(isinstance(d, str) for d in devices):
        raise errors.bad_option("devices", devices, _EXPECTED)
    read = [_read(device, devices) for device in devices]
    if len(set(read)) < len(read):
        raise errors.bad_option("devices", devices, "each device once")


def _read(device, devices):
    """The device in TensorFlow's own spelling."""
    try:
        found = tf.DeviceSpec.from_string(device).to_string()
    except ValueError as error:
        raise errors.bad_option("devices", devices, "names that TensorFlow can read (%s)" % error) from error
    if not found:
        raise errors.bad_option("devices", devices, _EXPECTED)
    return found


def named(devices):
    """The devices that an option means, in TensorFlow's own spelling; none for None.

    "workers": one for each task of job "worker" that the default session's cluster has. ValueError where there is none.
    """
    check_devices(devices)
    if devices is None:
        return ()
    return _workers() if devices == "workers" else tuple(_read(device, devices) for device in devices)


def _workers():
    session = tf.get_default_session()
    if session is None:
        raise errors.bad_option("devices", "workers", "a default session to read them from: `with sess.as_default():`, "
                                "or a list such as ['/job:worker/task:0', '/job:worker/task:1']")
    there = [tf.DeviceSpec.from_string(device.name) for device in session.list_devices()]
    tasks = sorted({spec.task or 0 for spec in there if spec.job == "worker"})
    if not tasks:
        raise errors.bad_option("devices", "workers", "a session of a cluster with a job 'worker', and this one has "
                                "%s; a list of devices names others" % (
                                    ", ".join(sorted({str(spec.job) for spec in there}))))
    return tuple("/job:worker/task:%d" % task for task in tasks)


def parts_of(count, parts):
    """How many of `count` columns the largest of some parts has, so that each part has some."""
    return max(1, -(-count // max(1, parts)))


def shares(count, size, parts):
    """[(first, number)]: `count` columns dealt to some parts in whole chunks of `size`; parts without any left out."""
    chunks = -(-count // size)
    ends = [min(count, size * (chunks * (part + 1) // parts)) for part in range(parts)]
    return [(first, end - first) for first, end in zip([0] + ends, ends)]


def shares_told(count, size, devices):
    """How many columns go where, in words; nothing where no devices were asked for."""
    found = ["%d on %s" % (number, d) for (_, number), d in zip(shares(count, size, len(devices)), devices) if number]
    return " (%s)" % ", ".join(found) if found else ""


class Spread(object):
    """Emissions of one scratch graph on several devices. What is not dealt out by `shares` is emitted on the first."""

    def __init__(self, scratch, colocated, devices):
        self._emissions = [Emission.of_scratch(scratch, colocated, _placing(d)) for d in devices]

    def emit(self, tensors):
        """The emitted tensors, on the first device."""
        return self._emissions[0].emit(tensors)

    def shares(self, count, size):
        """[(emission, first, number)]: who lays which of `count` columns, of which `size` are laid at once."""
        dealt = zip(self._emissions, shares(count, size, len(self._emissions)))
        return [(emission, first, number) for emission, (first, number) in dealt if number]


def stacked_rows(emission, rows, stacked):
    """Lists of tensors, each the results of one column, stacked in the default graph: each list where its turn is.

    stacked: the same, stacked in the scratch graph, for an emission that lays all of them.
    """
    dealt = emission.shares(len(rows), 1)
    if len(dealt) < 2:
        return emission.emit(stacked)
    laid = [part.emit(row) for part, first, number in dealt for row in rows[first:first + number]]
    return [None if s is None else tf.stack([row[k] for row in laid]) for k, s in enumerate(stacked)]


def _placing(device):
    """A device function: the device, on top of what an op names itself, such as its GPU; ops on a variable's storage
    stay with the variable, where TensorFlow needs them."""
    wanted = tf.DeviceSpec.from_string(device)

    def place(op):
        if any(t.dtype == tf.resource or t.dtype != t.dtype.base_dtype for t in op.inputs):
            return op.device
        own = tf.DeviceSpec.from_string(op.device)
        task = {part: getattr(own if getattr(wanted, part) is None else wanted, part)
                for part in ("job", "replica", "task")}
        kind = own if wanted.device_type is None else wanted
        return tf.DeviceSpec(device_type=kind.device_type, device_index=kind.device_index, **task).to_string()

    return place
