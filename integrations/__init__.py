"""The suite's losses inside other frameworks; each folder stands for one and imports it only when used."""
