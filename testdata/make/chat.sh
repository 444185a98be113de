#!/bin/bash
# Chat: IRC with a file sent by DCC, and XMPP; scripted clients and servers, with and without TLS.
# Debian packages: iproute2 tcpdump tshark ethtool python3 openssl
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need openssl:openssl

pair
cd "$tmp"
self_signed /CN=chat.test
start "$B" "$PYTHON" "$here/chat_peer.py" server
for p in 6667 7000 6668 5222 5269; do listening "$B" t $p; done
peer() { a timeout 20 "$PYTHON" "$here/chat_peer.py" "$@" >>peer.log 2>&1 || die "$*: $(tail -5 peer.log)"; }

record irc.pcap "$A" wl0 tcp
peer 6667
start "$A" "$PYTHON" "$here/chat_peer.py" offer
listening "$A" t 5111
b timeout 20 "$PYTHON" "$here/chat_peer.py" fetch
peer 7000                                               # a port without a registered protocol
peer 6668
recorded
expect irc.pcap 'irc.request.command == "PRIVMSG"' 3
expect irc.pcap 'tcp.port == 5111 && tcp.len > 0' 2
expect irc.pcap 'tcp contains "STARTTLS successful"'

record xmpp.pcap "$A" wl0 tcp
peer 5222
peer 5269
recorded
expect xmpp.pcap 'tcp contains "<proceed"'
expect xmpp.pcap 'tcp contains "<failure"'
good_checksums irc.pcap xmpp.pcap
