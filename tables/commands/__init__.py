"""The commands of `python -m tables`, one file each: `add(commands)` declares one and says which function runs it."""
