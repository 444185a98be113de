#!/bin/bash
# Redis, MQTT and TFTP, with the clients and servers of Debian.
# Debian packages: iproute2 tcpdump tshark ethtool python3 redis-server redis-tools mosquitto
#   mosquitto-clients tftpd-hpa tftp-hpa
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need redis-server:redis-server redis-cli:redis-tools mosquitto:mosquitto mosquitto_pub:mosquitto-clients in.tftpd:tftpd-hpa tftp:tftp-hpa
chmod 755 "$tmp"
cd "$tmp"
pair

# Redis: both versions of the protocol, a pipeline, lines, CLIENT REPLY, subscriptions, a login.
start "$B" redis-server --port 6379 --bind 0.0.0.0 :: --protected-mode no --save "" --appendonly no --dir "$tmp"
listening "$B" t 6379
cli=(redis-cli -h 10.77.0.2)
record redis.pcap "$A" wl0 tcp port 6379
ok "${cli[@]}" SET greeting "hello there" EX 60
ok "${cli[@]}" GET greeting
ok "${cli[@]}" HSET user:1 name Eve age 42
ok "${cli[@]}" HGETALL user:1
ok "${cli[@]}" -3 HGETALL user:1
ok redis-cli -h fd77::2 -3 SMEMBERS nothing
ok "${cli[@]}" LPUSH l a b c
ok "${cli[@]}" LRANGE l 0 -1
a "${cli[@]}" NOSUCH x >>client.log 2>&1 || true
"$PYTHON" - >pipe.txt <<-'END'
	import sys
	for i in range(100):
	    w = ["SET", f"key:{i}", "value " * (i % 7)]
	    sys.stdout.write(f"*{len(w)}\r\n" + "".join(f"${len(x)}\r\n{x}\r\n" for x in w))
END
a sh -c "redis-cli -h 10.77.0.2 --pipe <pipe.txt" >>client.log
# By hand: commands that are lines, in one segment; replies that are turned off and skipped.
hand() { a timeout 3 bash -c 'exec 3<>/dev/tcp/10.77.0.2/6379; printf "$1" >&3; cat <&3 >/dev/null' hand "$1" || true; }
hand 'PING\r\nSET "a b" '"'"'c d'"'"'\r\nGET "a b"\r\nQUIT\r\n'
hand 'PING\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO end\r\nQUIT\r\n'
for v in 2 3; do
	a timeout 4 redis-cli -h 10.77.0.2 -$v SUBSCRIBE news >>client.log 2>&1 &
	listener=$!
	sleep 1
	ok "${cli[@]}" PUBLISH news "issue $v"
	wait $listener || true
done
ok "${cli[@]}" ACL SETUSER clerk on '>right' '~*' '+@all'
ok redis-cli -h 10.77.0.2 --user clerk --pass right --no-auth-warning PING
a redis-cli -h 10.77.0.2 --user clerk --pass wrong --no-auth-warning PING >>client.log 2>&1 || true
recorded
expect redis.pcap tcp.len 100

# MQTT: every version and quality of service, a will, wildcards, a refused login.
printf 'listener 1883\nallow_anonymous false\npassword_file %s/users\n' "$tmp" >mosquitto.conf
mosquitto_passwd -b -c users clerk right
chmod 644 users
chown "$(id -u)" users
start "$B" mosquitto -c "$tmp/mosquitto.conf"
listening "$B" t 1883
login=(-h 10.77.0.2 -u clerk -P right)
record mqtt.pcap "$A" wl0 tcp port 1883
for v in mqttv31 mqttv311 mqttv5; do
	a timeout 6 mosquitto_sub "${login[@]}" -V $v -i "reader-$v" -t 'room/+/heat' -t 'log/#' -q 2 --will-topic "gone/$v" --will-payload bye -C 5 >>client.log 2>&1 &
	reader=$!
	sleep 1
	for q in 0 1 2; do
		a mosquitto_pub "${login[@]}" -V $v -i "writer-$v" -t room/1/heat -m "21.$q degrees" -q $q
	done
	a mosquitto_pub "${login[@]}" -V $v -t "log/$v" -r -m "$(printf 'a long line %.0s' $(seq 300))"
	printf 'one\ntwo\n' | a mosquitto_pub "${login[@]}" -V $v -t room/2/heat -l -q 1
	wait $reader || true
	a mosquitto_pub -h 10.77.0.2 -u clerk -P wrong -V $v -t t -m x >>client.log 2>&1 || true
done
a mosquitto_pub "${login[@]}" -V mqttv5 -t room/3/heat -D publish topic-alias 3 -D publish user-property unit C -D publish content-type text/plain -m 'with properties' -q 1
a timeout 6 mosquitto_sub "${login[@]}" -V mqttv5 -t 'log/#' -U 'room/#' -C 1 >>client.log 2>&1 || true
recorded
expect mqtt.pcap 'mqtt.msgtype == 3' 20
expect mqtt.pcap 'mqtt.msgtype == 7' 3

# TFTP: files of several sizes read and written, with options and without, errors.
mkdir files
chmod 777 files
head -c 5000 /dev/urandom >files/five
head -c 1024 /dev/urandom >files/even
: >files/empty
head -c 3000 /dev/urandom >local
chmod 666 files/*
start "$B" in.tftpd --foreground --user root --create --permissive --secure --address 0.0.0.0:69 "$tmp/files"
listening "$B" u 69
record tftp.pcap "$A" wl0 udp
get() { a timeout 20 tftp -m binary 10.77.0.2 -c get "$@" >>client.log 2>&1 || true; }
get five five
get even even
get empty empty
get nothing nothing
a timeout 20 tftp -m ascii 10.77.0.2 -c put local remote >>client.log 2>&1
# By hand: a size of blocks, and a request that nobody goes on with.
a "$PYTHON" - <<-'END'
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(2)
	s.sendto(b"\0\x01five\0octet\0blksize\x001400\0tsize\x000\0", ("10.77.0.2", 69))
	b, peer = s.recvfrom(2000)
	assert b[1] == 6, b
	s.sendto(b"\0\x04\0\0", peer)
	while True:
	    b, peer = s.recvfrom(2000)
	    s.sendto(b"\0\x04" + b[2:4], peer)
	    if len(b) < 1404:
	        break
	t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	t.sendto(b"\0\x01five\0octet\0", ("10.77.0.2", 69))
	b, peer = t.recvfrom(2000)
	t.sendto(b"\0\x05\0\0enough\0", peer)
END
recorded
for o in 1 2 3 4 5 6; do expect tftp.pcap "tftp.opcode == $o"; done
good_checksums redis.pcap mqtt.pcap tftp.pcap
