"""The command line: `tf1-hessian`, or `python -m tf1_hessian`."""
from tf1_hessian.cli.command import main

__all__ = ["main"]
