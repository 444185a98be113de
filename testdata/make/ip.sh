#!/bin/bash
# UDP, ICMP, ARP, IP fragments: a client, a router and a server.
# Debian packages: iproute2 iputils-ping iputils-arping tcpdump tshark ethtool python3
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping:iputils-ping arping:iputils-arping

# A ── M ── B; M routes, and its cable to B has a small MTU.
netns "$A"
netns "$M"
netns "$B"
cable "$A" wl0 "$M" left 1
cable "$M" right "$B" wl0 2
address() { ip -n "$1" addr add "$3" dev "$2" ${4:-}; }
address "$A" wl0 10.77.0.1/24
address "$A" wl0 fd77::1/64 nodad
address "$M" left 10.77.0.254/24
address "$M" left fd77::fe/64 nodad
address "$M" right 10.78.0.254/24
address "$M" right fd78::fe/64 nodad
address "$B" wl0 10.78.0.2/24
address "$B" wl0 fd78::2/64 nodad
for v in "$A 10.77.0.254 fd77::fe" "$B 10.78.0.254 fd78::fe"; do
	read -r ns v4 v6 <<<"$v"
	ip -n "$ns" route add default via "$v4"
	ip -n "$ns" -6 route add default via "$v6"
done
m sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
b sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
start "$B" "$PYTHON" "$here/udp_peer.py" server
listening "$B" u 7208
sleep 2

ping_() { a ping -n -q "$@" >/dev/null || true; }

record udp.pcap "$A" wl0 'udp or icmp or icmp6'
a "$PYTHON" "$here/udp_peer.py" client 10.78.0.2
a "$PYTHON" "$here/udp_peer.py" client fd78::2
a "$PYTHON" "$here/udp_odd.py" wl0
recorded
expect udp.pcap 'ip && udp.port == 7201' 2
expect udp.pcap 'ipv6 && udp.port == 7201' 2
expect udp.pcap 'udp.dstport == 7202 && !icmp && !icmpv6' 10
expect udp.pcap 'icmp.type == 3 && icmp.code == 3'
expect udp.pcap 'icmpv6.type == 1 && icmpv6.code == 4'
expect udp.pcap 'udp.length == 8'
expect udp.pcap 'eth.dst == ff:ff:ff:ff:ff:ff'
expect udp.pcap 'ip.dst == 239.7.7.7'
expect udp.pcap 'ip && udp.checksum == 0'
good_checksums udp.pcap

record icmp.pcap "$A" wl0 'icmp or icmp6'
for n in 10.78.0.2 fd78::2; do
	ping_ -c 3 -i 0.2 "$n"
	ping_ -c 1 -s 0 "$n"
	ping_ -c 1 -t 1 -W 1 "$n"                     # time exceeded
	ping_ -c 1 -s 1200 -p c0ffee "$n"
done

ip -n "$M" link set right mtu 1280
ip -n "$B" link set wl0 mtu 1280
ping_ -c 1 -W 1 -M "do" -s 1400 10.78.0.2           # fragmentation needed
ping_ -c 1 -W 1 -M "do" -s 1400 fd78::2             # packet too big
m ip route add prohibit 10.80.0.0/24
m ip -6 route add unreachable fd79::/64
m ip -6 route add prohibit fd80::/64
# The kernel sends one such reply per second to the same host.
for n in 10.80.0.1 fd79::1 fd80::1; do ping_ -c 2 -i 1.2 -W 1 $n; done
a "$PYTHON" "$here/udp_peer.py" refused 10.78.0.2 fd78::2
ip -n "$A" neigh flush dev wl0
ip -n "$A" -6 neigh flush dev wl0
ping_ -c 1 fd77::fe                               # neighbour solicitation and advertisement
ping_ -c 2 -i 0.2 ff02::1%wl0
ping_ -c 1 -W 5 10.78.0.99                       # the router cannot resolve it
ping_ -c 1 -W 1 fd77::99                          # no such neighbour
a "$PYTHON" "$here/icmp_odd.py" wl0               # timestamp, mask, redirect, router messages, replies without requests
recorded
expect icmp.pcap 'icmp.type == 8' 7
expect icmp.pcap 'icmpv6.type == 128' 7
expect icmp.pcap 'icmp.type == 11'
expect icmp.pcap 'icmpv6.type == 3'
expect icmp.pcap 'icmp.type == 3 && icmp.code == 4'
expect icmp.pcap 'icmpv6.type == 2'
expect icmp.pcap 'icmp.type == 3 && icmp.code == 1'
expect icmp.pcap 'icmp.type == 3 && icmp.code == 13'
expect icmp.pcap 'icmp.type == 3 && icmp.code == 3'
for t in 1 133 134 135 136 137; do expect icmp.pcap "icmpv6.type == $t"; done
for t in 0 5 13 14 17 18; do expect icmp.pcap "icmp.type == $t"; done
good_checksums icmp.pcap

record fragments.pcap "$B" wl0
for n in 10.78.0.2 fd78::2; do
	ping_ -c 1 -s 4000 "$n"
	a "$PYTHON" "$here/udp_peer.py" big "$n"
done
b "$PYTHON" "$here/fragments_odd.py" wl0
recorded
expect fragments.pcap 'ip.flags.mf == 1' 10
expect fragments.pcap 'ipv6.fraghdr.more == 1' 10
expect fragments.pcap 'ip.reassembled_in || ip.fragments' 10
expect fragments.pcap 'ip.fragment.overlap || ip.fragment.overlap.conflict || ip.fragment.error'

record arp.pcap "$A" wl0 arp
ip -n "$A" neigh flush dev wl0
ping_ -c 1 10.77.0.254
ping_ -c 1 -W 1 10.77.0.99                        # nobody answers
a arping -q -c 2 -I wl0 10.77.0.254 || true
a arping -q -c 1 -U -I wl0 10.77.0.1 || true      # gratuitous request
a arping -q -c 1 -A -I wl0 10.77.0.1 || true      # gratuitous reply
a arping -q -c 1 -w 1 -D -I wl0 10.77.0.254 || true # duplicate address probe
a "$PYTHON" "$here/arp_odd.py" wl0
recorded
expect arp.pcap 'arp.opcode == 1' 5
expect arp.pcap 'arp.opcode == 2' 2
expect arp.pcap 'arp.isgratuitous == 1' 2
expect arp.pcap 'arp.opcode == 3'
