"""Satukota: one city runs itself in the open."""
