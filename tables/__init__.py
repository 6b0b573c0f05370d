"""Tables and figures from the files of finished runs; nothing here trains, evaluates or imports torch."""
