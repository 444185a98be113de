#!/bin/bash
# Logins: Telnet with the client and server of inetutils, rlogin and rsh with the clients of
# rsh-redone, Finger with fingerd, Ident with oidentd. So that the machine needs no users,
# a small program behind telnetd takes the place of login(1), and login_peer.py those of
# rlogind and rshd.
# Debian packages: iproute2 tcpdump tshark ethtool python3 inetutils-inetd inetutils-telnetd
# inetutils-telnet rsh-redone-client fingerd finger oidentd bsdutils
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need inetutils-inetd:inetutils-inetd telnetd:inetutils-telnetd inetutils-telnet:inetutils-telnet \
	rsh-redone-rlogin:rsh-redone-client \
	rsh-redone-rsh:rsh-redone-client in.fingerd:fingerd finger:finger oidentd:oidentd script:bsdutils
cd "$tmp"

cat >login <<-'LOGIN'
	#!/bin/bash
	while :; do
		printf 'alpha login: '
		read -r user || exit
		printf 'Password: '
		read -rs password || exit
		printf '\r\n'
		[ "$user/$password" = alice/secret ] && break
		printf '\r\nLogin incorrect\r\n'
	done
	printf 'Last login: Mon Jan  5 10:00:00 from elsewhere\r\n'
	while printf '$ '; read -r line; do
		case $line in exit) exit ;; *) printf 'you said %s\r\n' "$line" ;; esac
	done
LOGIN
chmod 755 login .
cat >inetd.conf <<-CONF
	23 stream tcp nowait root $(command -v telnetd) telnetd -h -E $tmp/login
	79 stream tcp nowait root $(command -v in.fingerd) in.fingerd -p $(command -v finger)
	513 stream tcp nowait root $PYTHON python3 $here/login_peer.py rlogin
	514 stream tcp nowait root $PYTHON python3 $here/login_peer.py rsh
CONF

# type_in SECONDS LINE ... prints lines, each after a pause.
type_in() {
	local pause=$1 line
	shift
	for line in "$@"; do
		sleep "$pause"
		printf '%s\n' "$line"
	done
	sleep "$pause"
}

pair
start "$B" inetutils-inetd -d "$tmp/inetd.conf"
listening "$B" t 23
start "$A" oidentd -i -a 10.77.0.1 -r nobody
listening "$A" t 113

record telnet.pcap "$A" wl0 tcp port 23
type_in 1 alice secret uptime exit | a timeout 20 env TERM=vt100 DISPLAY=alpha:0 inetutils-telnet 10.77.0.2 >>client.log 2>&1 || true
type_in 1 bob guess alice secret exit | a timeout 20 env TERM=xterm inetutils-telnet 10.77.0.2 >>client.log 2>&1 || true
recorded
expect telnet.pcap 'telnet.data contains "Last login"' 2
expect telnet.pcap 'telnet.data contains "incorrect"'

record rlogin.pcap "$A" wl0 tcp
type_in 1 date exit | a timeout 10 env TERM=vt100 script -qec 'rsh-redone-rlogin -l alice 10.77.0.2' typescript >>client.log 2>&1 || true
type_in 1 wrong bob secret exit | a timeout 15 env TERM=vt100 script -qec 'rsh-redone-rlogin -l bob 10.77.0.2' typescript >>client.log 2>&1 || true
ok rsh-redone-rsh -l alice 10.77.0.2 id
no rsh-redone-rsh -l mallory 10.77.0.2 id
recorded
expect rlogin.pcap 'tcp.srcport == 513 && tcp contains "Last login"' 2
expect rlogin.pcap 'tcp.srcport == 513 && tcp contains "incorrect"'
expect rlogin.pcap 'tcp.srcport == 514 && tcp contains "you said id"'
expect rlogin.pcap 'tcp.srcport == 514 && tcp contains "Permission denied"'

record finger.pcap "$A" wl0 tcp port 79
for who in root@10.77.0.2 nobody-here@10.77.0.2 @10.77.0.2; do
	a timeout 10 finger "$who" >>client.log 2>&1 || true
done
a timeout 10 finger -l root@10.77.0.2 >>client.log 2>&1 || true
recorded
expect finger.pcap 'tcp.dstport == 79 && tcp.len > 0' 4

record ident.pcap "$A" wl0 tcp port 113
"$PYTHON" - "$A" "$B" <<-'PY'
	import subprocess, sys
	a, b = sys.argv[1:]
	client = subprocess.Popen(["ip", "netns", "exec", a, sys.executable, "-c", """
	import socket
	s = socket.create_connection(("10.77.0.2", 23))
	print(s.getsockname()[1], flush=True)
	input()"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
	port = client.stdout.readline().strip()
	subprocess.run(["ip", "netns", "exec", b, sys.executable, "-c", """
	import socket, sys
	for query in sys.argv[1] + ", 23", "1, 2", "70000, 23", "what":
	    s = socket.create_connection(("10.77.0.1", 113), timeout=5)
	    s.sendall(query.encode() + b"\\r\\n")
	    try:
	        s.recv(1000)
	    except TimeoutError:
	        pass
	    s.close()""", port], check=True)
	client.communicate("\n")
PY
recorded
expect ident.pcap 'tcp.srcport == 113 && tcp.len > 0' 2
good_checksums telnet.pcap rlogin.pcap finger.pcap ident.pcap
