#!/bin/bash
# One short conversation in every format of capture file: tiny.pcap is the model, and the
# files tiny.* and tiny-* have the same packets. Also captures of interfaces that are not
# Ethernet by tcpdump and dumpcap, and damaged files.
# Debian packages: iproute2 iputils-ping tcpdump tshark wireshark-common ethtool python3 gzip zstd xz-utils bzip2
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping:iputils-ping dumpcap:wireshark-common editcap:wireshark-common capinfos:wireshark-common gzip:gzip zstd:zstd xz:xz-utils bzip2:bzip2

pair
start "$B" "$PYTHON" "$here/tcp_peer.py" server
start "$B" "$PYTHON" "$here/udp_peer.py" server
listening "$B" t 7119
listening "$B" u 7208
a ping -n -q -c 1 10.77.0.2 >/dev/null
a ping -n -q -c 1 fd77::2 >/dev/null
sleep 6 # neighbour unreachability detection

talk() {
	local n
	for n in 10.77.0.2 fd77::2; do
		a ping -n -q -c 1 "$n" >/dev/null
		a timeout 20 "$PYTHON" "$here/udp_peer.py" one "$n"
		a timeout 20 "$PYTHON" "$here/tcp_peer.py" few "$n" sf >/dev/null
	done
}

record tiny.pcap "$A" wl0 'ip or (ip6 and (not icmp6 or ip6[40] < 130))'
talk
recorded
good_checksums tiny.pcap
rm -f "$out"/tiny.pcap.* "$out"/tiny-*
"$PYTHON" "$here/formats.py" "$out/tiny.pcap" "$out"
gzip -9nk "$out/tiny.pcap"
zstd -q -19 "$out/tiny.pcap"
xz -9k "$out/tiny.pcap"
bzip2 -9k "$out/tiny.pcap"
gzip -9nc "$out/tiny.pcapng" >"$out/tiny.pcapng.gz"
# Compressed in two halves, joined: still one capture.
{ head -c 1000 "$out/tiny.pcap" | gzip -9n; tail -c +1001 "$out/tiny.pcap" | gzip -9n; } >"$out/tiny-members.pcap.gz"
# The same capture in two files, cut inside a connection.
n=$(($(tshark -r "$out/tiny.pcap" 2>/dev/null | wc -l) / 2))
editcap -F pcap -r "$out/tiny.pcap" "$out/tiny-1of2.pcap" 1-$n
editcap -F pcap "$out/tiny.pcap" "$out/tiny-2of2.pcap" 1-$n
# Packets with a snapshot length of 60 bytes.
editcap -F pcap -s 60 "$out/tiny.pcap" "$out/tiny-snap60.pcap"
# packets FILE prints the fields that must be the same in every format.
packets() { tshark -r "$out/$1" -T fields -e frame.time_epoch -e ip.id -e tcp.seq_raw -e udp.srcport -e data 2>/dev/null | sed 's/000\t/\t/'; }
# payloads FILE prints them for formats that keep neither time nor link layer.
payloads() { tshark -r "$out/$1" -Y 'ip || ipv6' -T fields -e ip.id -e tcp.seq_raw -e tcp.payload -e udp.payload 2>/dev/null; }
want=$(packets tiny.pcap)
for f in tiny-{be,nano,nano-be,modified,fcs}.pcap tiny.pcapng tiny-be.pcapng tiny-sections.pcapng; do
	[ "$want" = "$(packets $f)" ] || die "$f is not tiny.pcap"
done
want=$(payloads tiny.pcap)
for f in tiny-raw.pcap tiny-null.pcap tiny-blocks.pcapng tiny-simple.pcapng; do
	[ "$want" = "$(payloads $f)" ] || die "$f is not tiny.pcap"
done

# Damage: cut inside a record or a header, a record of 4 GB, one longer than its packet, an
# empty one, time that goes back; a wrong magic number, an empty file.
"$PYTHON" - "$out" <<'END'
import struct, sys
out = sys.argv[1] + '/'
b = open(out + 'tiny.pcap', 'rb').read()
def put(name, data): open(out + name, 'wb').write(data)
starts, at = [], 24
while at < len(b):
    starts.append(at); at += 16 + struct.unpack('<I', b[at + 8:at + 12])[0]
s = starts[12]
put('damaged-cut.pcap', b[:s + 40])
put('damaged-cut-header.pcap', b[:s + 7])
put('damaged-huge.pcap', b[:s + 8] + struct.pack('<II', 0xffffffff, 0xffffffff) + b[s + 16:])
n = struct.unpack('<I', b[s + 8:s + 12])[0]
put('damaged-longer.pcap', b[:s + 12] + struct.pack('<I', n - 10) + b[s + 16:])
put('damaged-zero.pcap', b[:s] + b[s:s + 8] + bytes(8) + b[s:])
t = struct.unpack('<I', b[s:s + 4])[0]
put('damaged-time.pcap', b[:s] + struct.pack('<I', t - 10**8) + b[s + 4:starts[14]] + struct.pack('<I', t + 10**9) + b[starts[14] + 4:])
put('damaged-magic.pcap', b'\xa1\xb2\xc3' + b[3:])
put('damaged-empty.pcap', b'')
put('damaged-none.pcap', b[:24])
g = open(out + 'tiny.pcap.gz', 'rb').read()
put('damaged-cut.pcap.gz', g[:len(g) // 2])
g = open(out + 'tiny.pcapng', 'rb').read()
at, k = 0, 0
while k < 10:
    at += struct.unpack('<I', g[at + 4:at + 8])[0]; k += 1
put('damaged-block0.pcapng', g[:at + 4] + bytes(4) + g[at + 8:])
put('damaged-nointerface.pcapng', g[:struct.unpack('<I', g[4:8])[0]] + g[at:])
put('damaged-cut.pcapng', g[:at + 20])
sec = g[:struct.unpack('<I', g[4:8])[0]]
idb = struct.pack('<IIHHI', 1, 32, 1, 0, 0) + struct.pack('<HHB3x', 9, 1, 0xff) + bytes(4) + struct.pack('<I', 32)
put('damaged-resolution.pcapng', sec + idb + g[at:])
END

# Several interfaces at once, cooked and not, and a link without Ethernet.
record cooked.pcap "$A" any -y LINUX_SLL not arp
record cooked2.pcap "$A" any -y LINUX_SLL2 not arp
talk
a ping -n -q -c 1 127.0.0.1 >/dev/null
recorded
expect cooked.pcap 'sll && tcp' 10
[ "$(capinfos -TrE "$out/cooked2.pcap" | cut -f2)" = linux-sll2 ] || die "cooked2.pcap is not cooked 2"
[ "$(capinfos -TrE "$out/cooked.pcap" | cut -f2)" = linux-sll ] || die "cooked.pcap is not cooked"

a timeout 15 dumpcap -q -i wl0 -i lo -w "$tmp/two-interfaces.pcapng" -a duration:4 2>"$tmp/dumpcap.log" &
sleep 2
talk
a ping -n -q -c 1 127.0.0.1 >/dev/null
a ping -n -q -c 1 ::1 >/dev/null
wait $!
keep two-interfaces.pcapng
expect two-interfaces.pcapng 'frame.interface_id == 0 && tcp' 10
expect two-interfaces.pcapng 'frame.interface_id == 1 && icmp' 2

record nanoseconds.pcap "$A" wl0 --time-stamp-precision=nano ip or ip6
talk
recorded
[ "$(capinfos -Trs "$out/nanoseconds.pcap" >/dev/null; od -An -tx4 -N4 "$out/nanoseconds.pcap" | tr -d ' ')" = a1b23c4d ] || die "nanoseconds.pcap has no nanoseconds"

start "$A" "$PYTHON" "$here/encap.py" 4in4 t0 10.77.0.1 10.77.0.2
start "$B" "$PYTHON" "$here/encap.py" 4in4 t0 10.77.0.2 10.77.0.1
for v in "$A 1" "$B 2"; do
	read -r ns n <<<"$v"
	wait_for "$ns" ip link show t0
	ip -n "$ns" link set t0 mtu 1400 up
	ip -n "$ns" addr add 10.78.0.$n/24 dev t0
done
record raw-ip.pcap "$A" t0 ip
a ping -n -q -c 1 10.78.0.2 >/dev/null
a timeout 20 "$PYTHON" "$here/tcp_peer.py" few 10.78.0.2 sf rsto >/dev/null
recorded
case $(capinfos -TrE "$out/raw-ip.pcap" | cut -f2) in rawip*) ;; *) die "raw-ip.pcap is not raw IP" ;; esac
expect raw-ip.pcap 'tcp' 10
