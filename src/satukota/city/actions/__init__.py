"""Every write to the registers. Each is one transaction with its line on the audit log."""

from .profile import Loaded, load_profile

__all__ = ["Loaded", "load_profile"]
