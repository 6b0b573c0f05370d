#!/usr/bin/env bash
# The head of an experiment as a job: EXPERIMENT=desk DATA=... RESULTS=... sbatch --time=7-0 workflow/profiles/slurm/head.sh
# Submit it in the project's folder. At the end of its time it cancels its jobs; submitted again, it goes on.
#SBATCH --job-name=head
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --signal=B:TERM@120
#SBATCH --output=head-%j.log
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?submit this with sbatch}"
make --no-print-directory setup
# not through `make`, so that the signal before the end of the time reaches the head
.venv/bin/python -m workflow "${EXPERIMENT:-smoke}" --results "${RESULTS:-results}" --profile "${PROFILE:-slurm}" \
    ${DATA:+--data "$DATA"} ${SCALE:+--scale "$SCALE"} "$@" &
head=$!
trap 'kill -TERM "$head"' TERM
status=0
wait "$head" || status=$?
# the trap ends the first `wait`, not the head
while kill -0 "$head" 2>/dev/null; do wait "$head" || status=$?; done
exit "$status"
