#!/bin/bash
# PostgreSQL: its clients and server, with and without TLS.
# Debian packages: iproute2 tcpdump tshark ethtool python3 postgresql-15 postgresql-client-15 openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need openssl:openssl psql:postgresql-client-15 runuser:util-linux
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
[ -x "$bin/postgres" ] || die "install first: apt-get install postgresql-15"

pair
cd "$tmp"
chmod 755 "$tmp"
self_signed /CN=db.example.test -addext subjectAltName=DNS:db.example.test
chown postgres key.pem
install -d -o postgres data run
runuser -u postgres -- "$bin/initdb" -D "$tmp/data" -A trust -U postgres -E UTF8 --no-locale >init.log 2>&1 || die "$(tail init.log)"
cat >data/pg_hba.conf <<'END'
local all all trust
hostssl all tls all scram-sha-256
hostnossl all tls all reject
host all old all md5
host all plain all password
host all all all scram-sha-256
END
cat >>data/postgresql.conf <<END
ssl = on
ssl_cert_file = '$tmp/cert.pem'
ssl_key_file = '$tmp/key.pem'
lc_messages = 'C'
fsync = off
END
start "$B" runuser -u postgres -- "$bin/postgres" -D "$tmp/data" -k "$tmp/run" -h '*'
listening "$B" t 5432
cat >init.sql <<'END'
CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 'right password';
CREATE ROLE tls LOGIN PASSWORD 'right password';
CREATE ROLE plain LOGIN PASSWORD 'right password';
CREATE ROLE "jürgen" LOGIN PASSWORD 'right password';
SET password_encryption = md5;
CREATE ROLE old LOGIN PASSWORD 'right password';
CREATE DATABASE shop;
END
b psql -q -h "$tmp/run" -U postgres -f init.sql >>init.log 2>&1 || die "$(tail init.log)"

export PGPASSWORD='right password' PGCONNECT_TIMEOUT=10
at="host=10.77.0.2 dbname=shop"
plain=(psql -X -q "$at user=clerk sslmode=disable")
printf '4\tdesk\t99.99\n5\tshelf\t40\n' >more.txt

record postgresql.pcap "$A" wl0 tcp port 5432
ok "${plain[@]}" -c "CREATE TABLE goods (id int PRIMARY KEY, name text, price numeric)" -c "INSERT INTO goods VALUES (1, 'lamp', 12.5), (2, 'chair', 80)" \
	-c 'SELECT * FROM goods' -c 'SELECT 1; SELECT 2 UNION SELECT 3' -c 'DROP TABLE IF EXISTS nothing' -c 'UPDATE goods SET price = 2 WHERE id = 1' -c ''
no "${plain[@]}" -c 'SELECT * FROM nowhere'
no "${plain[@]}" -v ON_ERROR_STOP=0 -c 'BEGIN; SELECT 1/0' -c 'COMMIT' -c 'SELECT bad syntax'
ok "${plain[@]}" -c '\copy goods FROM more.txt' -c '\copy goods TO /dev/null'
ok "${plain[@]}" -c 'LISTEN c; NOTIFY c, $$hello$$'
ok "$bin/pgbench" -n -M extended -t 3 -f <(echo 'SELECT name FROM goods WHERE id = 1;') "$at user=clerk sslmode=disable"
a timeout -s INT 4 "${plain[@]}" -c 'SELECT pg_sleep(10)' >>client.log 2>&1 </dev/null || true # cancelled
for user in old plain jürgen; do ok psql -X -q "$at user=$user sslmode=disable" -c 'SELECT 1'; done
no env PGPASSWORD=wrong "${plain[@]}" -c 'SELECT 1'
no psql -X -q "$at user=nobody sslmode=disable" -c 'SELECT 1'
no psql -X -q "$at user=tls sslmode=disable" -c 'SELECT 1'
no psql -X -q "host=10.77.0.2 dbname=nothing user=clerk sslmode=disable" -c 'SELECT 1'
ok psql -X -q "host=fd77::2 dbname=shop user=clerk sslmode=disable" -c 'SELECT version()'
a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/5432; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' >/dev/null 2>&1 || true
recorded
expect postgresql.pcap 'pgsql.type == "Simple query"' 15
expect postgresql.pcap 'pgsql.type == "Error"' 5

record postgresql-tls.pcap "$A" wl0 tcp port 5432
ok psql -X -q "$at user=tls sslmode=require ssl_max_protocol_version=TLSv1.2" -c 'SELECT 1'
ok psql -X -q "$at user=tls sslmode=require" -c 'SELECT 1'
no psql -X -q "$at user=tls sslmode=verify-full" -c 'SELECT 1'
b psql -q -h "$tmp/run" -U postgres -c 'ALTER SYSTEM SET ssl = off' -c 'SELECT pg_reload_conf()' >>init.log 2>&1 || die "$(tail init.log)"
sleep 1
no psql -X -q "$at user=clerk sslmode=require" -c 'SELECT 1' # refused
ok psql -X -q "$at user=clerk sslmode=prefer" -c 'SELECT 1'
recorded
expect postgresql-tls.pcap 'tls.handshake.type == 1' 3
good_checksums postgresql.pcap postgresql-tls.pcap
