"""The suite's losses and metrics in other frameworks, each of which is imported only when used."""
