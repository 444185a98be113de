#!/bin/bash
# QUIC: aioquic on both sides.
# Debian packages: iproute2 tcpdump tshark ethtool openssl python3-aioquic (1.2 or later, or from PyPI with PYTHON=...)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need openssl:openssl
need_python aioquic:python3-aioquic

pair
cd "$tmp"
self_signed /CN=quic.example.test -addext subjectAltName=DNS:quic.example.test
start "$B" "$PYTHON" "$here/quic_peer.py" serve cert.pem key.pem
for p in 443 853 4433 4434 4435; do listening "$B" u $p; done

record quic.pcap "$A" wl0 udp
a timeout 60 "$PYTHON" "$here/quic_peer.py" use 10.77.0.2 cert.pem || die "use"
recorded
expect quic.pcap 'quic.long.packet_type == 3' 1      # Retry
expect quic.pcap 'quic.version == 0' 1               # Version Negotiation
expect quic.pcap 'quic.long.packet_type == 1' 1      # 0-RTT
expect quic.pcap 'quic.version == 0x6b3343cf' 3
good_checksums quic.pcap
