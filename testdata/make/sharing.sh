#!/bin/bash
# File sharing: BitTorrent with aria2, Transmission and opentracker; Gnutella with
# gnutella_peer.py on both sides, because Debian has no client of it any more.
# Debian packages: iproute2 tcpdump tshark ethtool python3 openssl curl aria2
# transmission-cli opentracker
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need curl:curl aria2c:aria2 transmission-create:transmission-cli opentracker:opentracker openssl:openssl
cd "$tmp"

pair
mkdir seed leech config
head -c 100000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 >seed/noise.bin 2>/dev/null # does not compress
transmission-create -s 16 -t http://10.77.0.2:6969/announce -o noise.torrent seed/noise.bin >>client.log
transmission-show noise.torrent | sed -n 's/^ *Hash: //p' >whitelist
cat >tracker.conf <<-CONF
	listen.tcp 10.77.0.2:6969
	access.whitelist whitelist
	tracker.rootdir $tmp
	tracker.user nobody
CONF
chmod 755 .
# Without the distributed hash table, local discovery and uTP, whose ports are UDP's.
cat >config/settings.json <<-CONF
	{"dht-enabled": false, "lpd-enabled": false, "pex-enabled": true, "utp-enabled": false,
	 "port-forwarding-enabled": false, "peer-port": 6882, "encryption": 0}
CONF
start "$B" opentracker -f "$tmp/tracker.conf"
listening "$B" t 6969

record bittorrent.pcap "$A" wl0 tcp
start "$B" env HOME="$tmp" aria2c --no-conf -q -d seed -V --seed-ratio=0 --listen-port=6881 \
	--enable-dht=false --enable-dht6=false --bt-enable-lpd=false noise.torrent
listening "$B" t 6881
sleep 2 # until it is announced
start "$A" env HOME="$tmp" transmission-cli -g "$tmp/config" -w "$tmp/leech" -et -M -p 6882 noise.torrent
client=$started
for i in $(seq 300); do
	cmp -s seed/noise.bin leech/noise.bin && break
	sleep 0.1
done
cmp seed/noise.bin leech/noise.bin || die "not downloaded"
sleep 2 # until that is announced
kill -TERM "$client"
sleep 2
# Another torrent, and a request that opentracker does not understand.
hash=$(printf '%%%02x' $(seq 20))
ok curl -s "http://10.77.0.2:6969/announce?info_hash=$hash&peer_id=-XX0001-abcdefghijkl&port=6883&uploaded=0&downloaded=0&left=1"
ok curl -s "http://10.77.0.2:6969/announce?info_hash=short"
recorded
expect bittorrent.pcap 'bittorrent.protocol.name' 2
expect bittorrent.pcap 'bittorrent.msg.type == 7' 4
expect bittorrent.pcap 'http.request.uri contains "announce?info_hash"' 4
expect bittorrent.pcap 'http.response.code == 200' 3
good_checksums bittorrent.pcap

start "$B" "$PYTHON" "$here/gnutella_peer.py" serve
for p in 6346 6347; do listening "$B" t $p; done
record gnutella.pcap "$A" wl0 tcp
a timeout 30 "$PYTHON" "$here/gnutella_peer.py" use 10.77.0.2 || die "gnutella_peer.py use"
recorded
expect gnutella.pcap 'tcp contains "GNUTELLA CONNECT"' 4
expect gnutella.pcap 'tcp contains "HTTP/1.1 206"'
good_checksums gnutella.pcap
