"""How much memory a result may take: what the machine has left, or what the caller allows."""
import collections
import numbers
import os

from tf1_hessian import errors

__all__ = ["Limit", "available", "checked", "fitted", "limit_of", "refuse_large"]

Limit = collections.namedtuple("Limit", "bytes is_given")
Limit.__doc__ = "bytes: what there is, None where nobody knows. is_given: by the caller, not found on the machine."

_UNITS = {"B": 1, "KB": 10 ** 3, "MB": 10 ** 6, "GB": 10 ** 9, "TB": 10 ** 12}
# Files of Linux: what all programs have left; limit and use of a container, of both kinds.
_MEMINFO = "/proc/meminfo"
_CONTAINERS = (("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
               ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"))


def checked(memory_limit):
    """The bytes that an option means: a number, a text such as "2 GB", or None for what is free. ValueError else."""
    if memory_limit is None:
        return None
    found = _bytes_of(memory_limit)
    if found is None or found < 1:
        raise errors.bad_option("memory_limit", memory_limit, "a number of bytes from 1 up, a text such as '2 GB', or "
                                "None for what is free on this machine")
    return int(found)


def limit_of(memory_limit):
    """The Limit that an option means; only where that is None the machine is asked."""
    given = checked(memory_limit)
    return Limit(available(), False) if given is None else Limit(given, True)


def _bytes_of(text):
    if isinstance(text, numbers.Real) and not isinstance(text, bool):
        return float(text)
    if not isinstance(text, str):
        return None
    number = text.upper().rstrip("BKMGT ")
    try:
        return float(number) * _UNITS[text.upper()[len(number):].strip()]
    except (KeyError, ValueError):
        return None


def available():
    """The bytes that are free on this machine, or in this container; None where the system does not tell."""
    found = [_free_in(limit, used) for limit, used in _CONTAINERS] + [_free_here()]
    return min([f for f in found if f is not None] or [None])


def _free_here():
    try:
        with open(_MEMINFO) as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError, IndexError):
        return _free_pages()


def _free_pages():
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _free_in(limit, used):
    """Of a container; None where there is none, or no limit ("max", or a number beyond all memory)."""
    try:
        with open(limit) as most, open(used) as now:
            return max(0, int(most.read()) - int(now.read()))
    except (OSError, ValueError):
        return None


def refuse_large(limit, results, ways_out):
    """The bytes of results, each (shape, dtype), unknown sizes as 1. Raises ValueError where they pass the limit."""
    sizes = [_elements(shape) * dtype.size for shape, dtype in results]
    if limit.bytes is not None and sum(sizes) > limit.bytes:
        shape, dtype = results[sizes.index(max(sizes))]
        raise ValueError("The result takes %s (its largest part has shape %s, %s), and %s. %s" % (
            _told(sum(sizes)), list(shape), dtype.name, _allowance(limit), ways_out))
    return sum(sizes)


def _elements(shape):
    found = 1
    for size in shape:
        found *= 1 if size is None else int(size)
    return found


def fitted(plan, make, peak_of, limit, held):
    """The plan, or where a given limit asks for fewer columns at once, what make(chunk_size) gives.

    peak_of: gives the bytes of a plan's largest chunk; held: what results take besides. Raises ValueError where no
    chunk fits. What the machine has is no limit here: the bytes are estimates, from above.
    """
    while limit.is_given and peak_of(plan) + held > limit.bytes:
        peak = peak_of(plan)
        smaller = int(plan.chunk_size * max(0, limit.bytes - held) // max(1, peak))
        plan = make(max(1, min(plan.chunk_size // 2, smaller)))
        if peak_of(plan) >= peak:
            raise ValueError("The result takes %s and the tensors of one chunk about %s more, and %s. Raise it, or "
                             "ask for fewer sources. The plan: %r" % (
                                 _told(held), _told(peak_of(plan)), _allowance(limit), plan))
    return plan


def _allowance(limit):
    if limit.is_given:
        return "memory_limit is %s" % _told(limit.bytes)
    return "%s of memory are free on this machine (memory_limit= sets another limit)" % _told(limit.bytes)


def _told(count):
    for unit in ("TB", "GB", "MB", "KB"):
        if count >= _UNITS[unit]:
            return "%.3g %s" % (count / _UNITS[unit], unit)
    return "%d bytes" % count
