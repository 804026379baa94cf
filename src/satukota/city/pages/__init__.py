"""What people see of the registers: lists (listing, registers), one thing (things) and forms (editing)."""
