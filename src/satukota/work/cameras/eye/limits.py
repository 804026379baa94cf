"""Shared by both sides of an eye."""

MAX_WIDTH, MAX_HEIGHT = 4096, 2304
