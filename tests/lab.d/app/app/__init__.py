"""Stands for ClippyFront: what of it can be seen from outside, and nothing of what it does."""
