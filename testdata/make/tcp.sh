#!/bin/bash
# TCP: every way to begin and end, loss, overlap, wrong checksums, parts of connections.
# Debian packages: iproute2 tcpdump tshark ethtool python3
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need editcap:wireshark-common

pair
b sysctl -qw net.ipv4.tcp_fastopen=3
a sysctl -qw net.ipv4.tcp_fastopen=1
# SYNs to these addresses stay unanswered.
silent "$A" 10.77.0.250 fd77::250
start "$B" "$PYTHON" "$here/tcp_peer.py" server
listening "$B" t 7119

# client NS ARGUMENTS ... runs the client until it reports that it is done; its open connections stay open.
client() {
	local i ns=$1
	shift
	ip netns exec "$ns" timeout 100 "$PYTHON" "$here/tcp_peer.py" "$@" >"$tmp/client.log" 2>&1 &
	for i in $(seq 300); do
		grep -q 'done' "$tmp/client.log" && return
		sleep 0.1
	done
	die "client: $(cat "$tmp/client.log")"
}

record tcp-states.pcap "$A" wl0 tcp
a timeout 4 bash -c 'echo >/dev/tcp/10.77.0.250/7100' 2>/dev/null || true
a timeout 4 bash -c 'echo >/dev/tcp/fd77::250/7100' 2>/dev/null || true
client "$A" client 10.77.0.2 rej sf server_closes rsto rstr s1 half_open s2 s3 unread simultaneous_close \
	zero_window urgent both_stream no_data keepalive fast_open fast_open wrap rst_after_fin
client "$A" client 3fff:77::2 rej sf rsto rstr s1
recorded
expect tcp-states.pcap 'tcp.dstport == 7100 && tcp.flags.syn == 1' 4
expect tcp-states.pcap 'tcp.port == 7999 && tcp.flags.reset == 1' 2
expect tcp-states.pcap 'tcp.port == 7010 && tcp.flags.fin == 1' 2
expect tcp-states.pcap 'tcp.analysis.zero_window'
expect tcp-states.pcap 'tcp.flags.urg == 1'
expect tcp-states.pcap 'tcp.analysis.keep_alive'
expect tcp-states.pcap 'tcp.port == 7016 && tcp.flags.syn == 1 && tcp.len > 0'
expect tcp-states.pcap 'tcp.dstport == 7017 && tcp.seq_raw < 10000 && tcp.len > 0'
expect tcp-states.pcap 'tcp.dstport == 7017 && tcp.seq_raw > 4294960000 && tcp.len > 0'
good_checksums tcp-states.pcap

record tcp-odd.pcap "$A" wl0 'net 192.0.2.0/24 or net 2001:db8::/32'
a "$PYTHON" "$here/tcp_odd.py" wl0 states
recorded
expect tcp-odd.pcap tcp 100
good_checksums tcp-odd.pcap

record tcp-overlap.pcap "$A" wl0 'net 192.0.2.0/24 or net 2001:db8::/32'
a "$PYTHON" "$here/tcp_odd.py" wl0 overlap
recorded
expect tcp-overlap.pcap 'tcp.analysis.retransmission' 5
expect tcp-overlap.pcap 'tcp.analysis.ack_lost_segment'
good_checksums tcp-overlap.pcap

# One direction and middle parts, cut from one complete recording.
record _whole.pcap "$A" wl0 tcp
client "$A" pull 10.77.0.2 7101 7102 7103
client "$A" pull fd77::2 7104
recorded
whole=$tmp/_whole.pcap
tcpdump -n -r "$whole" -w "$tmp/tcp-orig-only.pcap" 'src host 10.77.0.1 or src host fd77::1' 2>/dev/null
tcpdump -n -r "$whole" -w "$tmp/tcp-resp-only.pcap" 'src host 10.77.0.2 or src host fd77::2' 2>/dev/null
tshark -r "$whole" -F pcap -w "$tmp/tcp-midstream.pcap" -Y '
	(tcp.port == 7101 && !tcp.flags.syn == 1) ||
	(tcp.port == 7102 && tcp.seq > 1000 && tcp.srcport == 7102) ||
	(tcp.port == 7103 && !(tcp.flags.syn == 1 && tcp.flags.ack == 0)) ||
	(tcp.port == 7104 && tcp.flags.syn == 0 && tcp.flags.fin == 0)' 2>/dev/null
# Loss in the capture, not on the network: every fifth data segment of each connection.
lost=$(tshark -r "$whole" -Y 'tcp.srcport >= 7101 && tcp.len > 0' -T fields -e frame.number 2>/dev/null | awk 'NR % 5 == 3')
editcap -F pcap "$whole" "$tmp/tcp-gap.pcap" $lost
keep tcp-orig-only.pcap tcp-resp-only.pcap tcp-midstream.pcap tcp-gap.pcap
reject tcp-orig-only.pcap 'tcp.srcport >= 7101 && tcp.srcport <= 7119'
reject tcp-resp-only.pcap 'tcp.dstport >= 7101 && tcp.dstport <= 7119'
expect tcp-midstream.pcap 'tcp.len > 0' 20
reject tcp-midstream.pcap 'tcp.port != 7103 && tcp.flags.syn == 1'
expect tcp-gap.pcap 'tcp.analysis.ack_lost_segment || tcp.analysis.lost_segment' 5

# Checksums left to the network card, as often in a recording on the sender.
for ns in "$A" "$B"; do ip netns exec "$ns" ethtool -K wl0 tx on sg on gso on tso on gro on >/dev/null; done
record tcp-offload.pcap "$A" wl0 'tcp or udp'
client "$A" pull 10.77.0.2 7101
client "$A" pull fd77::2 7102
recorded
expect tcp-offload.pcap "$badsum" 10
for ns in "$A" "$B"; do real "$ns" wl0; done

# The same with a faulty cable between the two ends.
ip -n "$A" link del wl0
netns "$M"
cable "$A" wl0 "$M" left 1
cable "$B" wl0 "$M" right 2
addresses
start "$M" "$PYTHON" "$here/wire.py" left right \
	7101/server/data/4=drop \
	7102/server/data/4=swap 7102/server/data/8=swap \
	7103/server/data/3=dup 7103/client/data/1=dup 7103/client/syn/1=dup \
	7104/client/syn/1=drop 7105/server/syn/1=drop \
	7106/client/data/1=drop \
	7107/client/fin/1=drop 7108/server/fin/1=drop \
	7109/server/data/3=drop 7109/server/data/6=drop 7109/server/data/11=drop 7109/client/ack/2=drop 7109/client/ack/3=drop \
	7110/server/data/5=late 7110/client/data/1=late \
	7111/server/data/10=drop \
	7112/server/data/4=flip 7113/client/data/1=flip 7114/server/data/11=flip
sleep 1
record tcp-loss.pcap "$A" wl0 'tcp portrange 7100-7111'
record tcp-retransmit.pcap "$B" wl0 'tcp portrange 7100-7111'
record _flipped.pcap "$A" wl0 'tcp portrange 7112-7114'
record _flipped-right.pcap "$B" wl0 'tcp portrange 7112-7114'
client "$A" pull 10.77.0.2 7101 7102 7103 7104 7105 7106 7107 7108
client "$A" pull fd77::2 7109 7110 7111
client "$A" pull 10.77.0.2 7112 7113
client "$A" pull fd77::2 7114
sleep 1.5
recorded
expect tcp-loss.pcap 'tcp.analysis.out_of_order || tcp.analysis.retransmission || tcp.analysis.fast_retransmission' 6
expect tcp-loss.pcap 'tcp.options.sack_le' 1
expect tcp-retransmit.pcap 'tcp.analysis.retransmission' 6
good_checksums tcp-loss.pcap

# Wrong checksums: bits flipped on the cable, and hand-made packets.
record _made.pcap "$A" wl0 'net 192.0.2.0/24 or net 2001:db8::/32'
a "$PYTHON" "$here/tcp_odd.py" wl0 badsum
recorded
tshark -r "$tmp/_flipped-right.pcap" -w "$tmp/_client.pcap" -F pcap -Y 'tcp.port == 7113' 2>/dev/null
tshark -r "$tmp/_flipped.pcap" -w "$tmp/_server.pcap" -F pcap -Y 'tcp.port != 7113' 2>/dev/null
mergecap -F pcap -w "$tmp/tcp-bad-checksum.pcap" "$tmp/_client.pcap" "$tmp/_server.pcap" "$tmp/_made.pcap"
keep tcp-bad-checksum.pcap
expect tcp-bad-checksum.pcap "$badsum" 11
expect tcp-bad-checksum.pcap 'icmp.checksum.status == "Bad" || icmpv6.checksum.status == "Bad"' 2
