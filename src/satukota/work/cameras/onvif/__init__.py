"""ONVIF: find devices, ask what they are, where their streams are and what time they believe it is."""

from .device import Device, DeviceFault, Profile, describe, snapshot
from .discovery import Found, discover

__all__ = ["Device", "DeviceFault", "Found", "Profile", "describe", "discover", "snapshot"]
