"""What people see and do with cameras. Parse, call, show."""
