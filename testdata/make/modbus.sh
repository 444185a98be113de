#!/bin/bash
# Modbus/TCP: pymodbus with every function it has, and messages that it does not send.
# Debian packages: iproute2 tcpdump tshark ethtool python3
# Python package: pymodbus 3.16 (or PYTHONPATH with its wheel)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need
"$PYTHON" -c 'from pymodbus.datastore import ModbusDeviceContext' 2>/dev/null || die "install first: pip install pymodbus"

pair
start "$B" "$PYTHON" "$here/modbus_peer.py" serve
server=$started
listening "$B" t 502
record modbus.pcap "$A" wl0 tcp
a timeout 30 "$PYTHON" "$here/modbus_peer.py" use 10.77.0.2 || die "use"
recorded
for f in 1 2 3 4 5 6 7 8 11 12 15 16 17 22 23 24 43; do expect modbus.pcap "modbus.func_code == $f" 2; done
expect modbus.pcap modbus.exception_code 2

stop "$server" t 502
start "$B" "$PYTHON" "$here/modbus_peer.py" answer
listening "$B" t 502
record modbus-odd.pcap "$A" wl0 tcp
a timeout 30 "$PYTHON" "$here/modbus_peer.py" odd 10.77.0.2 || die "odd"
recorded
expect modbus-odd.pcap 'tcp.flags.syn == 1 && tcp.flags.ack == 0' 20
expect modbus-odd.pcap modbus.exception_code 14
for f in 20 21; do expect modbus-odd.pcap "modbus.func_code == $f" 2; done
good_checksums modbus.pcap modbus-odd.pcap
