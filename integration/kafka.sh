#!/usr/bin/env bash
# Runs wirelog against Apache Kafka, a single KRaft broker, and reads back with three
# clients: kcat (librdkafka's C client), confluent-kafka and kafka-python.
# Then stops or kills the broker ten times during a run, and kills wirelog (SIGKILL)
# twenty times at random moments: every record must be in its topic at least once, and
# duplicates must have the same record-id. The same must hold if wirelog is killed while
# the broker is down and records are in its spool. Before all that, a broker that wants
# passwords and rights refuses them one by one: wirelog must say so at once, with status 2.
#
#	integration/kafka.sh [start] [readers] [examples] [spool] [broker] [wirelog]
#
# runs all parts, or those that are named; examples are those of docs/outputs.md.
# integration/prepare downloads to build/integration, or to the folder WORK. The broker
# uses the ports 19092 and 19093 of 127.0.0.1.
set -euo pipefail
cd "$(dirname "$0")/.."

work=${WORK:-build/integration}
integration/prepare "$work" >&2 || { echo "SKIPPED: not everything can be installed"; exit 0; }
make -s build
exec "$work/venv/bin/python" integration/kafka_checks.py "$(cd "$work" && pwd)" "$@"
