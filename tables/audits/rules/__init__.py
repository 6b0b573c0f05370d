"""Rules of the audit, one file each: `check(numbers, context)` gives what cannot be, or should not be, in a table."""
