"""Errors of tilelang_tt. Each carries one complete message: what, where, limit and value, what to do."""

from __future__ import annotations


class CompileError(RuntimeError):
    """The program cannot be compiled for the target; the message lists every obstacle with its line."""


class ArgumentError(ValueError):
    """A kernel was called with arguments that it was not compiled for."""


class RunError(RuntimeError):
    """A kernel failed while it ran, or a saved one could not be loaded."""


class LoadError(ImportError):
    """tilelang_tt cannot be imported here: wrong versions, or its library is missing or already loaded."""
