#!/usr/bin/env bash
# Runs wirelog against Apache Kafka itself, a single KRaft broker, and reads back with
# three client libraries: kcat (librdkafka's C client), confluent-kafka and kafka-python.
# Then stops and kills the broker ten times in mid-run, and kills wirelog (SIGKILL)
# twenty times at random moments: every record must be in its topic at least once, and
# what is there twice must have the same record-id. So it must be when wirelog is killed
# while the broker is away and records are in its spool.
#
#	integration/kafka.sh [FOLDER]
#
# FOLDER (build/kafka) keeps what is downloaded: the broker with Maven, the clients
# with pip. A JRE of version 17, maven and kcat are installed with apt-get if they are
# missing. The test uses the ports 19092 and 19093 of 127.0.0.1.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mkdir -p "${1:-build/kafka}" && cd "${1:-build/kafka}" && pwd)
version=4.0.0

missing=()
command -v java > /dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn > /dev/null || missing+=(maven)
command -v kcat > /dev/null || missing+=(kcat)
if [ ${#missing[@]} -gt 0 ]; then
	apt-get update -q
	apt-get install -y -q "${missing[@]}"
fi

if [ ! -e "$work/libs/.$version" ]; then
	cat > "$work/pom.xml" <<-EOF
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>test</groupId><artifactId>broker</artifactId><version>1</version>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
		  </dependencies>
		</project>
	EOF
	mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/libs"
	touch "$work/libs/.$version"
fi
if [ ! -e "$work/venv/.done" ]; then
	python3 -m venv "$work/venv"
	"$work/venv/bin/pip" install -q confluent-kafka kafka-python zstandard
	touch "$work/venv/.done"
fi

go build -o "$work/wirelog" ./cmd/wirelog
exec "$work/venv/bin/python" integration/kafka_checks.py "$work"
