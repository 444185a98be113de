#!/bin/bash
# The same short conversation (ping, UDP, TCP, over IPv4 and IPv6) inside every kind of
# tunnel and tag. The kernel encapsulates VXLAN and encap.py the rest, because the kernel of
# the machine had no modules for it. The packets inside come from real stacks.
# Debian packages: iproute2 iputils-ping tcpdump tshark ethtool python3
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping:iputils-ping mergecap:wireshark-common

netns "$A"
netns "$B"
cable "$A" wl0 "$B" wl0 1
for v in "$A 1" "$B 2"; do
	read -r ns n <<<"$v"
	ip -n "$ns" addr add 10.70.0.$n/24 dev wl0
	ip -n "$ns" addr add fd70::$n/64 dev wl0 nodad
done
start "$B" "$PYTHON" "$here/tcp_peer.py" server
start "$B" "$PYTHON" "$here/udp_peer.py" server
listening "$B" t 7119
listening "$B" u 7208
sleep 2

# inside DEVICE [4|6] assigns the inner addresses to both ends.
inside() {
	local ns n
	for ns in "$A" "$B"; do
		n=$([ "$ns" = "$A" ] && echo 1 || echo 2)
		wait_for "$ns" ip link show "$1"
		ip -n "$ns" link set "$1" mtu 1280 up
		[ "${2:-4}" = 6 ] || ip -n "$ns" addr add 10.77.0.$n/24 dev "$1"
		[ "${2:-6}" = 4 ] || ip -n "$ns" addr add ${prefix:-fd77::}$n/64 dev "$1" nodad
	done
	sleep 0.3
}

talk() {
	local n
	for n in "$@"; do
		a ping -n -q -c 2 -i 0.2 "$n" >/dev/null
		a timeout 20 "$PYTHON" "$here/udp_peer.py" one "$n"
		a timeout 20 "$PYTHON" "$here/tcp_peer.py" few "$n" sf rsto >/dev/null
	done
}

# tunnel KIND LOCAL REMOTE starts both ends; stop_tunnel ends them, which removes their devices.
tunnel() {
	local kind=$1
	start "$A" "$PYTHON" "$here/encap.py" "$kind" t0 "$2" "$3"
	ends=$started
	start "$B" "$PYTHON" "$here/encap.py" "$kind" t0 "$3" "$2"
	ends="$ends $started"
}
stop_tunnel() {
	kill $ends
	wait $ends 2>/dev/null || true
}

# through CAPTURE KIND LOCAL REMOTE [4|6] [FILTER] records the conversation inside a tunnel.
through() {
	tunnel "$2" "$3" "$4"
	inside t0 ${5:-}
	record "$1" "$A" wl0 ${6:-}
	case ${5:-} in
	4) talk 10.77.0.2 ;;
	6) talk "${prefix:-fd77::}2" ;;
	*) talk 10.77.0.2 fd77::2 ;;
	esac
	recorded
	stop_tunnel
}

v4="10.70.0.1 10.70.0.2"
v6="fd70::1 fd70::2"
together() {
	local name=$1
	shift
	mergecap -F pcap -w "$tmp/$name" "${@/#/$tmp/}"
	keep "$name"
}

through _vlan vlan wl0 wl0
through _qinq qinq wl0 wl0
together vlan-qinq.pcap _vlan _qinq
expect vlan-qinq.pcap 'vlan.id == 100 && tcp' 10
expect vlan-qinq.pcap 'ieee8021ad.id == 200 && vlan.id == 100 && tcp' 10

through _1 gre $v4
through _2 gre-key $v4 4
through _3 gretap $v4 4
through _4 gre $v6 4
together gre.pcap _1 _2 _3 _4
expect gre.pcap 'gre && tcp' 30
expect gre.pcap 'gre.flags.key == 1' 10
expect gre.pcap 'gre.proto == 0x6558'
expect gre.pcap 'gre && ipv6 && ip && tcp'

through _1 4in4 $v4 4
through _2 6in4 $v4 6
through _3 4in6 $v6 4
through _4 6in6 $v6 6
together ipip.pcap _1 _2 _3 _4
for f in 'ip.proto == 4' 'ip.proto == 41' 'ipv6.nxt == 4' 'ipv6.nxt == 41'; do expect ipip.pcap "$f && tcp" 8; done

through erspan.pcap erspan2 $v4 4
expect erspan.pcap 'erspan && tcp' 8

through _1 geneve $v4
through _2 geneve-ip $v6 4
together geneve.pcap _1 _2
expect geneve.pcap 'geneve && tcp' 20
expect geneve.pcap 'geneve.option.length' 20
expect geneve.pcap 'geneve.proto_type == 0x0800' 8

for v in "$A 1 2" "$B 2 1"; do
	read -r ns n o <<<"$v"
	ip -n "$ns" link add t0 type vxlan id 42 local 10.70.0.$n remote 10.70.0.$o dstport 4789
done
inside t0
record _1 "$A" wl0
talk 10.77.0.2 fd77::2
recorded
for ns in "$A" "$B"; do ip -n "$ns" link del t0; done
through _2 vxlan-8472 $v4 4
together vxlan.pcap _1 _2
expect vxlan.pcap 'vxlan.vni == 42 && tcp' 20
expect vxlan.pcap 'udp.port == 8472' 8

through gtp.pcap gtp $v4
expect gtp.pcap 'gtp && tcp' 20

prefix=2001:0:a46:1:: through teredo.pcap teredo $v4 6
expect teredo.pcap 'teredo && tcp' 8

through mpls.pcap mpls wl0 wl0
expect mpls.pcap 'mpls && tcp' 20
through pppoe.pcap pppoe wl0 wl0
expect pppoe.pcap 'pppoes && tcp' 20

# A tunnel in a tunnel in a tunnel: 4in6 in 6in4 in VXLAN.
for v in "$A 1 2" "$B 2 1"; do
	read -r ns n o <<<"$v"
	ip -n "$ns" link add x0 type vxlan id 7 local 10.70.0.$n remote 10.70.0.$o dstport 4789
	ip -n "$ns" link set x0 mtu 1400 up
	ip -n "$ns" addr add 10.71.0.$n/24 dev x0
	ip -n "$ns" addr add fd71::$n/64 dev x0 nodad
	real "$ns" x0
done
sleep 0.5
tunnel 6in4 10.71.0.1 10.71.0.2
wait_for "$A" ip link show t0
wait_for "$B" ip link show t0
for v in "$A 1" "$B 2"; do
	read -r ns n <<<"$v"
	ip -n "$ns" link set t0 mtu 1340 up
	ip -n "$ns" addr add fd72::$n/64 dev t0 nodad
done
start "$A" "$PYTHON" "$here/encap.py" 4in6 t1 fd72::1 fd72::2
start "$B" "$PYTHON" "$here/encap.py" 4in6 t1 fd72::2 fd72::1
inside t1 4
record tunnels-nested.pcap "$A" wl0
talk 10.77.0.2
recorded
expect tunnels-nested.pcap 'vxlan && ipv6 && tcp' 8
good_checksums vlan-qinq.pcap gre.pcap ipip.pcap erspan.pcap geneve.pcap gtp.pcap teredo.pcap mpls.pcap pppoe.pcap
