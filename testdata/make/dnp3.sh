#!/bin/bash
# DNP3 over TCP and UDP: opendnp3 on both sides.
# Debian packages: iproute2 tcpdump tshark ethtool python3
# Python package: yadnp3 3.2.1.4, which has opendnp3 (PYTHON can be that of its environment)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need
"$PYTHON" -c 'import opendnp3' 2>/dev/null || die "install first: pip install yadnp3"

pair
start "$B" "$PYTHON" "$here/dnp3_peer.py" serve tcp 10.77.0.2
server=$started
listening "$B" t 20000
record dnp3.pcap "$A" wl0 tcp
a timeout 60 "$PYTHON" "$here/dnp3_peer.py" use tcp 10.77.0.2 || die "use"
recorded
expect dnp3.pcap 'dnp3.al.func == 129' 30
expect dnp3.pcap 'dnp3.al.func == 130' 1
for f in 1 3 4 5 7 20 21 22 23 24; do expect dnp3.pcap "dnp3.al.func == $f" 1; done

stop "$server" t 20000
start "$B" "$PYTHON" "$here/dnp3_peer.py" serve udp 10.77.0.2 10.77.0.1
wait_for "$B" sh -c "ss -Hnua 'sport = :20000' | grep -q ." # a connected socket does not listen
record dnp3-udp.pcap "$A" wl0 udp
a timeout 60 "$PYTHON" "$here/dnp3_peer.py" use udp 10.77.0.2 10.77.0.1 || die "use"
recorded
expect dnp3-udp.pcap 'dnp3.al.func == 129' 30
good_checksums dnp3.pcap dnp3-udp.pcap
