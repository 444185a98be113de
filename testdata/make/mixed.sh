#!/bin/bash
# A little of everything, for a first capture: DNS, HTTP, TLS, SSH, ping, refused connections, over IPv4 and IPv6.
# Debian packages: iproute2 iputils-ping tcpdump tshark ethtool python3 unbound bind9-dnsutils nginx-light curl openssl openssh-server openssh-client
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping:iputils-ping unbound:unbound dig:bind9-dnsutils nginx:nginx-light curl:curl openssl:openssl \
	/usr/sbin/sshd:openssh-server ssh:openssh-client

pair
cat >"$tmp/unbound.conf" <<END
server:
	interface: 10.77.0.2
	interface: fd77::2
	access-control: 0.0.0.0/0 allow
	access-control: ::/0 allow
	do-daemonize: no
	chroot: ""
	username: ""
	directory: "$tmp"
	pidfile: ""
	use-syslog: no
	module-config: "iterator"
	local-zone: "example.test." static
	local-data: "www.example.test. 300 IN A 10.77.0.2"
	local-data: "www.example.test. 300 IN AAAA fd77::2"
	local-data: "example.test. 300 IN MX 10 mail.example.test."
	local-data: "example.test. 300 IN TXT 'v=spf1 -all' 'second string'"
	local-data: "example.test. 300 IN SOA ns.example.test. admin.example.test. 1 7200 3600 86400 300"
	local-data-ptr: "10.77.0.2 300 www.example.test."
remote-control:
	control-enable: no
END
self_signed /O=wirelog/CN=www.example.test -addext subjectAltName=DNS:www.example.test,DNS:example.test
mkdir -p "$tmp/www"
{
	echo '<!doctype html><title>A page</title>'
	paragraphs
} >"$tmp/www/index.html"
head -c 6000 /dev/urandom >"$tmp/www/data.bin"
echo '{"plain": true}' >"$tmp/www/plain.json"
nginx_conf <<END
types { text/html html; application/json json; application/octet-stream bin; }
gzip on;
gzip_min_length 100;
server {
	listen 80;
	listen [::]:80;
	listen 443 ssl http2;
	listen [::]:443 ssl http2;
	ssl_certificate $tmp/cert.pem;
	ssl_certificate_key $tmp/key.pem;
	root $tmp/www;
}
END
ssh-keygen -q -t ed25519 -N '' -f "$tmp/hostkey"
cat >"$tmp/sshd_config" <<END
Port 22
HostKey $tmp/hostkey
PidFile none
UsePAM no
PasswordAuthentication no
END
mkdir -p /run/sshd
start "$B" unbound -c "$tmp/unbound.conf"
start "$B" nginx -c "$tmp/nginx.conf"
start "$B" /usr/sbin/sshd -D -e -f "$tmp/sshd_config"
listening "$B" u 53
listening "$B" t 443
listening "$B" t 22
silent "$A" 10.77.0.250 fd77::250

fetch() { a curl -s -S -m 10 --resolve www.example.test:80:$1 --resolve www.example.test:443:$1 "${@:2}" >/dev/null || true; }

record mixed.pcap "$A" wl0
for server in 10.77.0.2 fd77::2; do
	d=(a dig +tries=1 +time=2 "@$server")
	"${d[@]}" www.example.test A >/dev/null
	"${d[@]}" www.example.test AAAA >/dev/null
	"${d[@]}" example.test MX >/dev/null
	"${d[@]}" +noedns missing.example.test A >/dev/null
	"${d[@]}" +tcp example.test TXT >/dev/null
	"${d[@]}" -x 10.77.0.2 >/dev/null
	url=http://www.example.test
	fetch "$server" $url/ $url/plain.json $url/nothing-here
	fetch "$server" --compressed $url/
	fetch "$server" -r 100-299 $url/data.bin
	fetch "$server" -I $url/
	fetch "$server" -k https://www.example.test/
	a ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=5 \
		-o IdentitiesOnly=yes -o IdentityFile="$tmp/none" nobody@"$server" true 2>/dev/null || true
	a ping -n -c 2 -i 0.2 "$server" >/dev/null
	a curl -s -m 2 "http://${server/fd77::2/[fd77::2]}:4444/" >/dev/null || true
	a dig +tries=1 +time=1 -p 5300 "@$server" nobody.listens.test >/dev/null || true
done
a timeout 2 bash -c 'echo >/dev/tcp/10.77.0.250/8080' 2>/dev/null || true
a timeout 2 bash -c 'echo >/dev/tcp/fd77::250/8080' 2>/dev/null || true
recorded
for v in ip ipv6; do
	expect mixed.pcap "$v && dns && udp" 10
	expect mixed.pcap "$v && dns && tcp" 2
	expect mixed.pcap "$v && http.content_encoding == gzip"
	expect mixed.pcap "$v && http.transfer_encoding"
	expect mixed.pcap "$v && http.response.code == 206"
	expect mixed.pcap "$v && http.response.code == 404"
	expect mixed.pcap "$v && tls.handshake"
	expect mixed.pcap "$v && ssh"
	expect mixed.pcap "$v && tcp.port == 4444 && tcp.flags.reset == 1"
	expect mixed.pcap "$v && tcp.port == 8080 && tcp.flags.syn == 1" 2
done
expect mixed.pcap 'icmp.type == 3'
expect mixed.pcap 'icmpv6.type == 1'
good_checksums mixed.pcap
