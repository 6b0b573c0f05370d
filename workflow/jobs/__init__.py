"""The steps of a start as jobs: what is to do, where it runs, how it is watched, and how it ends."""
