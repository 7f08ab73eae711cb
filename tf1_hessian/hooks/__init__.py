"""Curvature while a model trains, in the sessions of tf.train."""
from tf1_hessian.hooks.hook import HessianHook

__all__ = ["HessianHook"]
