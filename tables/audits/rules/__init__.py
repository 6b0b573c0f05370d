"""Rules of the audit, one file each: `check(numbers, context)` returns what is impossible or suspicious in a table."""
