"""Secrets at rest: sealed with the newest key, opened only where they are used. docs/secrets.md says how."""

from .keyring import Key, Unsealable, key_of, keys, seal_text, unseal_text
from .sealed import Sealed, seal, unseal

__all__ = ["Key", "Sealed", "Unsealable", "key_of", "keys", "seal", "seal_text", "unseal", "unseal_text"]
