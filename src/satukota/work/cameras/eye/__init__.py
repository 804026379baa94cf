"""Decoding and judging key pictures, in processes of their own."""

from .pool import EyeFailed, Eyes, Learned, Question, Seen

__all__ = ["EyeFailed", "Eyes", "Learned", "Question", "Seen"]
