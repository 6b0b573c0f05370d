# Everything that `make reproduce` and `make test` need; docs/slurm.md says how to use it and how to convert it to Apptainer.
FROM python:3.11-slim-bookworm
# make and git for the commands themselves; a compiler for Triton's launchers on a GPU
RUN apt-get update && apt-get install -y --no-install-recommends make git gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /work
COPY . .
# a checkout of somebody else's is a repository that git does not trust, and provenance asks git for the commit
RUN git config --system --add safe.directory /work && make setup
# for users that the image does not know: caches need a writable home, Snakemake asks for a name
ENV HOME=/tmp USER=anybody
CMD ["make", "reproduce"]
