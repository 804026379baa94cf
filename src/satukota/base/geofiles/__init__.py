"""Maps that people send: what a file is, a safe way to its content, and its rows, read by a process of their own."""
