"""ONVIF: find devices, ask what they are, where their streams are and what time they believe it is."""
