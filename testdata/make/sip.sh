#!/bin/bash
# SIP over UDP and TCP: SIPp's built-in client and server, at SIP's port and at another.
# Debian packages: iproute2 tcpdump tshark ethtool sip-tester
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need sipp:sip-tester

pair
cd "$tmp"
start "$B" sipp -sn uas -i 10.77.0.2 -p 5060 -nostdin
start "$B" sipp -sn uas -i fd77::2 -p 5070 -nostdin
listening "$B" u 5060
listening "$B" u 5070
silent "$A" 10.77.0.3
record sip.pcap "$A" wl0 udp
ok sipp -sn uac -i 10.77.0.1 -p 5061 -m 3 -r 5 -nostdin 10.77.0.2:5060
ok sipp -sn uac -i fd77::1 -p 5062 -m 1 -nostdin "[fd77::2]:5070"
# A register that nobody answers, and the line ends that keep a NAT's binding.
a "$PYTHON" - <<'END'
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.77.0.1", 5063))
s.sendto(b"REGISTER sip:10.77.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 10.77.0.1:5063;branch=z9hG4bK1\r\nf: <sip:a@x>;tag=1\r\n"
         b"t: <sip:a@x>\r\nCall-ID: 1@x\r\nCSeq: 1 REGISTER\r\nl: 0\r\n\r\n", ("10.77.0.3", 5060))
s.sendto(b"\r\n", ("10.77.0.3", 5060))
s.sendto(b"((PUBLISH sip:10.77.0.3 SIP/2.0\r\nSubject: s\r\nContent-Length: 2\r\n\r\nab", ("10.77.0.3", 5060))
END
recorded
expect sip.pcap 'sip.Method == "INVITE"' 4
expect sip.pcap 'sip.Status-Code == 180' 4
expect sip.pcap 'sip.Method == "REGISTER"' 1
good_checksums sip.pcap

# The same over TCP: three calls on one connection, and one over IPv6 at another port.
start "$B" sipp -sn uas -t t1 -i 10.77.0.2 -p 5060 -nostdin
start "$B" sipp -sn uas -t t1 -i fd77::2 -p 5070 -nostdin
listening "$B" t 5060
listening "$B" t 5070
record sip-tcp.pcap "$A" wl0 tcp
ok sipp -sn uac -t t1 -i 10.77.0.1 -p 5061 -m 3 -r 5 -nostdin 10.77.0.2:5060
ok sipp -sn uac -t tn -max_socket 100 -i fd77::1 -p 5062 -m 1 -nostdin "[fd77::2]:5070"
# Two requests in a segment after a ping (RFC 5626 section 3.5.1), with a header that goes on
# and a name in lower case. Nothing answers them.
a "$PYTHON" - <<'END'
import socket, time
s = socket.create_connection(("10.77.0.2", 5060))
def message(cseq, body):
    return (b"MESSAGE sip:b@10.77.0.2 SIP/2.0\r\nVia: SIP/2.0/TCP 10.77.0.1:5064;branch=z9hG4bK%d\r\nFrom: <sip:a@x>;tag=1\r\n"
            b"To: <sip:b@x>\r\nCall-ID: 2@x\r\nCSeq: %d MESSAGE\r\nSubject: a header\r\n that goes on\r\n"
            b"content-length: %d\r\n\r\n" % (cseq, cseq, len(body))) + body
s.sendall(b"\r\n\r\n")
time.sleep(0.2)
s.sendall(message(1, b"") + message(2, b"some text\r\nand more\r\n") + b"\r\n\r\n")
time.sleep(1)
END
recorded
expect sip-tcp.pcap 'sip.Method == "INVITE"' 4
expect sip-tcp.pcap 'sip.Status-Code == 180' 4
expect sip-tcp.pcap 'sip.Method == "MESSAGE"' 1
good_checksums sip-tcp.pcap
