"""Compiled code: what Numba compiles, how it is cached, and what compiled code needs beyond Python."""
