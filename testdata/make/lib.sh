# shellcheck shell=bash disable=SC2034
# What the scripts beside it share; they source it. It sets up a temporary folder and a
# pair of network namespaces, records and checks captures, configures the servers that
# several scripts run, and removes everything when the script ends.
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

# need_python MODULE:PACKAGE ... is need for modules of Python.
need_python() {
	local pair missing=()
	for pair in "$@"; do
		"$PYTHON" -c "import ${pair%%:*}" 2>/dev/null || missing+=("${pair##*:}")
	done
	[ ${#missing[@]} = 0 ] || die "install first: apt-get install ${missing[*]}"
}

finish() {
	local status=$? pid ns
	{ # the shell would report every process that is killed
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

# real NS DEVICE turns offloading off, so that checksums and segment sizes are those on a wire.
real() {
	ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off sg off >/dev/null 2>&1 || true
}

# netns NS creates a quiet namespace, without router solicitations and duplicate address detection.
netns() {
	ip netns add "$1"
	ip netns exec "$1" sh -c 'for f in all default; do
		echo 0 >/proc/sys/net/ipv6/conf/$f/accept_dad
		echo 0 >/proc/sys/net/ipv6/conf/$f/router_solicitations
	done'
	ip -n "$1" link set lo up
	real "$1" lo
}

# cable NS1 DEV1 NS2 DEV2 N connects two namespaces; N is part of the MAC addresses.
cable() {
	ip -n "$1" link add "$2" address 02:00:00:00:0$5:01 type veth peer name "$4" address 02:00:00:00:0$5:02 netns "$3"
	real "$1" "$2"
	real "$3" "$4"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# addresses assigns the IPv4 and IPv6 addresses of A and B.
addresses() {
	ip -n "$A" addr add 10.77.0.1/24 dev wl0
	ip -n "$A" addr add fd77::1/64 dev wl0 nodad
	ip -n "$B" addr add 10.77.0.2/24 dev wl0
	ip -n "$B" addr add fd77::2/64 dev wl0 nodad
}

# pair creates A and B with a cable between them.
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

# silent NS ADDRESS ... makes addresses resolve to a MAC address that never answers.
silent() {
	local n ns=$1
	shift
	for n in "$@"; do
		ip -n "$ns" neigh add "$n" lladdr 02:00:00:00:00:fe dev wl0 nud permanent
	done
}

# start NS COMMAND ... runs a command in the background until the script ends; $started is its pid.
start() {
	local ns=$1
	shift
	ip netns exec "$ns" "$@" >>"$tmp/started.log" 2>&1 &
	started=$!
}

# stop PID t|u|tu PORT ends a server of B and waits until its port is free.
stop() {
	kill "$1"
	wait "$1" 2>/dev/null || true
	wait_for "$B" sh -c "! ss -Hnl$2 'sport = :$3' | grep -q ."
}

# wait_for NS COMMAND ... repeats a command until it succeeds, for up to ten seconds.
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

# listening NS t|u PORT waits until a port is open.
listening() {
	wait_for "$1" sh -c "ss -Hnl$2 'sport = :$3' | grep -q ."
}

# ok COMMAND ... runs a client in A and fails unless it succeeds.
ok() { a timeout 20 "$@" >>client.log 2>&1 </dev/null || die "should have worked: $* $(tail -3 client.log)"; }

# no COMMAND ... runs a client in A and fails if it succeeds.
no() { ! a timeout 20 "$@" >>client.log 2>&1 </dev/null || die "should have failed: $*"; }

# self_signed SUBJECT [openssl req options ...] creates cert.pem and key.pem (ECDSA).
self_signed() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "$@" \
		-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null
}

# paragraphs prints the HTML of a page that compresses well.
paragraphs() {
	local i
	for i in $(seq 60); do echo "<p>Paragraph $i of a page that compresses well.</p>"; done
}

# png prints an image of one pixel.
png() { echo 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' | base64 -d; }

# nginx_conf writes nginx.conf, with standard input as what the http block adds.
nginx_conf() {
	cat >"$tmp/nginx.conf" <<-END
		daemon off;
		user root;
		pid $tmp/nginx.pid;
		error_log $tmp/nginx.err;
		events {}
		http {
			access_log off;
			client_body_temp_path $tmp/body;
			proxy_temp_path $tmp/proxy;
			fastcgi_temp_path $tmp/fastcgi;
			uwsgi_temp_path $tmp/uwsgi;
			scgi_temp_path $tmp/scgi;
		$(cat)
		}
	END
}

# samba writes smb.conf, with standard input as the options and shares that it adds, and
# starts smbd in B. The user root has the password "secret".
samba() {
	chmod 755 "$tmp"
	mkdir -p private state cache lock run log ncalrpc
	cat >smb.conf <<-END
		[global]
		netbios name = SERVER
		workgroup = WORKGROUP
		disable spoolss = yes
		private dir = $tmp/private
		state directory = $tmp/state
		cache directory = $tmp/cache
		lock directory = $tmp/lock
		pid directory = $tmp/run
		ncalrpc dir = $tmp/ncalrpc
		log file = $tmp/log/smbd
		log level = 0
		$(cat)
	END
	printf 'secret\nsecret\n' | smbpasswd -c smb.conf -L -s -a root >/dev/null
	start "$B" smbd -F -s "$tmp/smb.conf" -l "$tmp/log"
}

# record NAME NS DEVICE [tcpdump options and filter ...] starts a recording. recorded ends
# it; a NAME that begins with _ stays in the temporary folder.
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

# recorded ends all recordings and moves the captures to testdata.
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

# matches NAME FILTER prints how many packets tshark finds.
matches() {
	tshark -r "$out/$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -Y "$2" 2>/dev/null | wc -l
}

# expect NAME FILTER [AT-LEAST] fails unless that many packets match, by default one.
expect() {
	local n
	n=$(matches "$1" "$2")
	[ "$n" -ge "${3:-1}" ] || die "$1: $n packets match '$2', expected ${3:-1}"
}

# reject NAME FILTER fails if a packet matches.
reject() {
	local n
	n=$(matches "$1" "$2")
	[ "$n" = 0 ] || die "$1: $n packets match '$2', expected none"
}

badsum='ip.checksum.status == "Bad" || tcp.checksum.status == "Bad" || udp.checksum.status == "Bad"'

# good_checksums NAME ... fails if a packet has a bad checksum.
good_checksums() {
	local f
	for f in "$@"; do reject "$f" "$badsum"; done
}
