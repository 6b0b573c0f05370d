"""The commands of `python -m tables`, one file each: `add(commands)` declares one and the function that runs it."""
