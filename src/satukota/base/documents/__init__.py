"""Papers of the house: data → PDF → signature → a register anyone can check a copy against. See docs/documents.md."""
