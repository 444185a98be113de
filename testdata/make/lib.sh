# Sourced by the scripts beside it. Gives them a folder of their own, a pair of
# network namespaces, capturing, and an end that leaves nothing behind.
#
#   A (client) wl0 ── veth ── wl0 B (server)
#   A 10.77.0.1 192.0.2.1 fd77::1    B 10.77.0.2 fd77::2 3fff:77::2
#
# 3fff::/20 is the documentation prefix of RFC 9637; Zeek does not take it for
# local, so it stands for "the internet".

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${OUT:-$(dirname "$here")}
PYTHON=${PYTHON:-/usr/bin/python3}
tmp=$(mktemp -d)
A=wl$$a
B=wl$$b
M=wl$$m

die() { echo "$0: $*" >&2; exit 1; }

# need COMMAND:PACKAGE ... stops when a command is missing and names its Debian package.
need() {
	local pair missing=()
	[ "$(id -u)" = 0 ] || die "needs root, for network namespaces"
	for pair in ip:iproute2 tcpdump:tcpdump tshark:tshark ethtool:ethtool "$PYTHON:python3" "$@"; do
		command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
	done
	[ ${#missing[@]} = 0 ] || die "install first: apt-get install ${missing[*]}"
}

finish() {
	local status=$? pid ns
	{ # nor does the shell's word on what was killed matter
		for pid in $(jobs -pr); do kill "$pid" 2>/dev/null || true; done
		for ns in $A $B $M; do
			for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
			ip netns del "$ns" 2>/dev/null || true
		done
		wait || true
	} 2>/dev/null
	if [ $status = 0 ] || [ -z "${KEEP:-}" ]; then rm -rf "$tmp"; else echo "kept $tmp" >&2; fi
	exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

a() { ip netns exec "$A" "$@"; }
b() { ip netns exec "$B" "$@"; }
m() { ip netns exec "$M" "$@"; }

# real NS DEVICE makes checksums and segment sizes those of a wire.
real() {
	ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off sg off >/dev/null 2>&1 || true
}

# netns NS makes a quiet namespace: no router solicitations, no duplicate address detection.
netns() {
	ip netns add "$1"
	ip netns exec "$1" sh -c 'for f in all default; do
		echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/$f/router_solicitations
	done'
	ip -n "$1" link set lo up
	real "$1" lo
}

# cable NS1 DEV1 NS2 DEV2 N
cable() {
	ip -n "$1" link add "$2" address 02:00:00:00:0$5:01 type veth peer name "$4" address 02:00:00:00:0$5:02 netns "$3"
	real "$1" "$2"
	real "$3" "$4"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

addresses() {
	ip -n "$A" addr add 10.77.0.1/24 dev "${1:-wl0}"
	ip -n "$A" addr add fd77::1/64 dev "${1:-wl0}" nodad
	ip -n "$B" addr add 10.77.0.2/24 dev "${1:-wl0}"
	ip -n "$B" addr add fd77::2/64 dev "${1:-wl0}" nodad
}

# pair makes A and B with a cable between them.
pair() {
	netns "$A"
	netns "$B"
	cable "$A" wl0 "$B" wl0 1
	addresses
	ip -n "$A" addr add 192.0.2.1/32 dev wl0
	ip -n "$B" addr add 3fff:77::2/64 dev wl0 nodad
	ip -n "$A" route add 3fff:77::/64 via fd77::2
	sleep 2 # multicast reports of the new links
}

# start NS COMMAND ... runs it in the background until the script ends; its pid is in $started.
start() {
	local ns=$1
	shift
	ip netns exec "$ns" "$@" >>"$tmp/started.log" 2>&1 &
	started=$!
}

# wait_for NS COMMAND ... up to ten seconds.
wait_for() {
	local ns=$1 i
	shift
	for i in $(seq 100); do
		ip netns exec "$ns" "$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	cat "$tmp/started.log" >&2
	die "not ready: $*"
}

# listening NS t|u PORT
listening() {
	wait_for "$1" sh -c "ss -Hnl$2 'sport = :$3' | grep -q ."
}

# record NAME NS DEVICE [tcpdump options and filter ...]; ends with recorded.
record() {
	local name=$1 ns=$2 dev=$3 i log=$tmp/tcpdump.$1.log
	shift 3
	: >"$log"
	ip netns exec "$ns" tcpdump -i "$dev" -n -U --immediate-mode -s 0 -Z root -w "$tmp/$name" "$@" 2>>"$log" &
	recorders+=("$!:$name")
	for i in $(seq 100); do
		grep -q 'listening on' "$log" && return
		sleep 0.05
	done
	cat "$log" >&2
	die "tcpdump did not start"
}
recorders=()

# recorded ends every recording and moves the captures to testdata.
recorded() {
	local r
	sleep 0.5
	for r in "${recorders[@]}"; do
		kill -INT "${r%%:*}"
		wait "${r%%:*}" || true
		case ${r##*:} in _*) ;; *) keep "${r##*:}" ;; esac
	done
	recorders=()
}

# keep NAME ... moves captures from the temporary folder to testdata.
keep() {
	local f
	for f in "$@"; do
		chmod 644 "$tmp/$f"
		chown "$(stat -c %u:%g "$out")" "$tmp/$f"
		mv "$tmp/$f" "$out/$f"
	done
}

# expect NAME FILTER [AT-LEAST] fails unless tshark finds that many packets.
expect() {
	local n
	n=$(tshark -r "$out/$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y "$2" 2>/dev/null | wc -l)
	[ "$n" -ge "${3:-1}" ] || die "$1: $n packets match '$2', expected ${3:-1}"
}

# reject NAME FILTER fails if tshark finds a packet.
reject() {
	local n
	n=$(tshark -r "$out/$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y "$2" 2>/dev/null | wc -l)
	[ "$n" = 0 ] || die "$1: $n packets match '$2', expected none"
}

badsum='ip.checksum.status == "Bad" || tcp.checksum.status == "Bad" || udp.checksum.status == "Bad"'
