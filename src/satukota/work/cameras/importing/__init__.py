"""Cameras on their way into the register: read, complained about row by row, previewed, applied whole or not at all.

files → rows → plan → preview → apply. Nothing with a password in clear is ever stored: see spool.py and logins.py.
"""
