#!/usr/bin/env bash
# Runs wirelog against Apache Kafka itself, a single KRaft broker, and reads back with
# three clients: kcat (librdkafka's C client), confluent-kafka and kafka-python.
# Then stops and kills the broker ten times in mid-run, and kills wirelog (SIGKILL)
# twenty times at random moments: every record must be in its topic at least once, and
# what is there twice must have the same record-id. So it must be when wirelog is killed
# while the broker is away and records are in its spool.
#
#	integration/kafka.sh [readers] [examples] [spool] [broker] [wirelog]
#
# does all, or the parts that are named; examples are those of docs/outputs.md.
# build/integration keeps what integration/prepare
# fetches; WORK names another folder. The test uses the ports 19092 and 19093 of 127.0.0.1.
set -euo pipefail
cd "$(dirname "$0")/.."

work=${WORK:-build/integration}
integration/prepare "$work" >&2 || { echo "SKIPPED: not everything can be installed"; exit 0; }
make -s build
exec "$work/venv/bin/python" integration/kafka_checks.py "$(cd "$work" && pwd)" "$@"
