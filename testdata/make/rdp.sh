#!/bin/bash
# RDP: FreeRDP's client and xrdp, with RDP's own encryption and with TLS. The client draws on a
# virtual screen; the server shows its login window, so no account is needed.
# Debian packages: iproute2 tcpdump tshark ethtool python3 xrdp freerdp2-x11 xvfb openssl util-linux
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need xrdp:xrdp xrdp-keygen:xrdp xfreerdp:freerdp2-x11 Xvfb:xvfb openssl:openssl unshare:util-linux

pair
cd "$tmp"
mkdir -p etc home run
cp -rL /etc/xrdp/. etc/
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=desk.example.test' -keyout etc/key.pem -out etc/cert.pem 2>/dev/null
xrdp-keygen xrdp etc/rsakeys.ini >/dev/null

# server PORT LAYER ENCRYPTION starts a server in its own mount namespace, with its configuration from this folder.
server() {
	sed -e "s/^port=3389/port=$1/" -e "s/^security_layer=.*/security_layer=$2/" -e "s/^crypt_level=.*/crypt_level=$3/" \
		-e 's/^EnableSyslog=.*/EnableSyslog=false/' -e "s#^LogFile=.*#LogFile=$tmp/xrdp.$1.log#" /etc/xrdp/xrdp.ini >"etc/xrdp.$1.ini"
	start "$B" unshare -m --propagation private sh -c "mount --bind $tmp/etc /etc/xrdp && mount --bind $tmp/run /run && exec xrdp --nodaemon -c /etc/xrdp/xrdp.$1.ini"
	listening "$B" t "$1"
}
start "$A" Xvfb :77 -screen 0 320x240x16 -nolisten tcp
wait_for "$A" test -S /tmp/.X11-unix/X77

# client SECONDS ARGUMENTS ... connects and disconnects after SECONDS.
client() {
	local seconds=$1
	shift
	DISPLAY=:77 HOME=$tmp/home a timeout -s TERM "$seconds" xfreerdp /size:200x150 /bpp:8 /cert:ignore /log-level:OFF \
		-wallpaper -themes +bitmap-cache /client-hostname:laptop "$@" >>client.log 2>&1 </dev/null || true
}

server 3389 rdp high
high=$started
server 3390 rdp none
record rdp.pcap "$A" wl0 tcp
client 2 /v:10.77.0.2 /u:alice /p: /sec:rdp
client 2 /v:10.77.0.2 /u:alice /p: /sec:rdp /kbd:0x407 /network:lan /admin
client 2 /v:10.77.0.2:3390 /u:alice /d:EXAMPLE /p: /sec:rdp /multitransport # another port, no encryption
client 2 /v:fd77::2 /u:bob /p: /sec:rdp /load-balance-info:'Cookie: msts=3640205228.15629.0000'
client 2 /v:10.77.0.2 /u:bob /p: /sec:tls                             # the server has no TLS: the client gives up
a timeout 2 bash -c 'exec 3<>/dev/tcp/10.77.0.2/3389; printf "\3\0\0\13\6\340\0\0\0\0\0" >&3; sleep 0.5' || true
a timeout 2 bash -c 'exec 3<>/dev/tcp/10.77.0.2/3389; printf "GET / HTTP/1.0\r\n\r\n" >&3; sleep 0.5' || true
recorded
expect rdp.pcap 'rdp.client.name' 2

kill "$high"
wait "$high" || true
server 3389 negotiate high
record rdp-tls.pcap "$A" wl0 tcp
client 2 /v:10.77.0.2 /u:alice /p: /sec:tls
client 2 /v:10.77.0.2 /u:alice /p: /sec:tls /d:EXAMPLE /network:lan
client 2 /v:10.77.0.2 /u:alice /p: /sec:nla                           # refused: the server has no NLA
recorded
expect rdp-tls.pcap 'tcp.payload[0:3] == 16:03:01' 2
good_checksums rdp.pcap rdp-tls.pcap
