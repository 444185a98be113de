#!/bin/bash
# RFB: TigerVNC's server and viewer, and handshakes that they do not have.
# Debian packages: iproute2 tcpdump tshark ethtool tigervnc-standalone-server tigervnc-viewer openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need Xtigervnc:tigervnc-standalone-server xtigervncviewer:tigervnc-viewer openssl:openssl

pair
cd "$tmp"
# A password as VNC stores it: DES with a key that is the same everywhere.
stored() { printf '%-8.8s' "$1" | tr ' ' '\0' | openssl enc -des-ecb -nopad -K e84ad660c4721ae0 -provider legacy -provider default; }
stored testing >password
stored wrong >wrong
display=$((100 + RANDOM % 800))
start "$A" Xtigervnc ":$display" -SecurityTypes None -rfbport 5999 -geometry 300x200
start "$B" Xtigervnc ":$((display + 1))" -SecurityTypes None -rfbport 5901 -geometry 320x200 -desktop none
start "$B" Xtigervnc ":$((display + 2))" -SecurityTypes VncAuth -rfbauth "$tmp/password" -rfbport 5902 -geometry 320x200 -desktop password
start "$B" "$PYTHON" "$here/rfb_peer.py" serve
for p in 5901 5902 5910; do listening "$B" t $p; done
listening "$A" t 5999

record rfb.pcap "$A" wl0 tcp
# view PORT OPTION ... runs a viewer for two seconds.
view() {
	local port=$1
	shift
	a env DISPLAY=":$display" HOME="$tmp" timeout 2 xtigervncviewer -SecurityTypes None,VncAuth "$@" "10.77.0.2::$port" >>client.log 2>&1 || true
}
view 5901 -Shared
view 5902 -passwd "$tmp/password"
view 5902 -passwd "$tmp/wrong"
a timeout 30 "$PYTHON" "$here/rfb_peer.py" use 10.77.0.2 || die "use"
recorded
expect rfb.pcap 'vnc.server_proto_ver' 3
expect rfb.pcap 'tcp.flags.syn == 1 && tcp.flags.ack == 0' 9
good_checksums rfb.pcap
