"""Which entries of a Hessian can be anything but zero, and how few columns tell them all: numbers, no derivatives."""
