"""Tensors in, tensors out: audited gradients, products with the Hessian, columns. No session, no strategy."""
