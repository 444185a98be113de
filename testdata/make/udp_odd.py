"""Datagrams that no socket sends: udp_odd.py DEVICE"""
import sys
from frames import *

line = Line(sys.argv[1])
C, S = '192.0.2.101', '192.0.2.102'


def send(src, sport, dst, dport, data, **kw):
    line.send(ether(ip(src, dst, 17, udp(src, sport, dst, dport, data, **kw))))


send(C, 45001, S, 7301, b'no checksum', nosum=True)
send(S, 7302, C, 45002, b'an answer to no question')
send(C, 0, S, 0, b'port nought')
for _ in range(2):                                   # the same ports with the roles swapped
    send(C, 7303, S, 7303, b'to'); send(S, 7303, C, 7303, b'fro')
u = udp(C, 45004, S, 7304, b'says it is longer')
line.send(ether(ip(C, S, 17, u[:4] + struct.pack('!H', 400) + b'\0\0' + u[8:])))
u = udp(C, 45005, S, 7305, b'says it is shorter')
line.send(ether(ip(C, S, 17, u[:4] + struct.pack('!H', 3) + b'\0\0' + u[8:])))
line.send(ether(ip(C, S, 17, b'\xaf\xc8')))          # half a header
line.send(ether(ip(C, S, 17, udp(C, 45006, S, 7306, b'with options'), options=b'\x94\x04\x00\x00')))
line.send(ether(ip(C, S, 132, b'\x13\x88\x13\x89' + bytes(8))))      # SCTP
line.send(ether(ip(C, S, 253, b'an experimental protocol')))
hop = b'\x3c\x00\x01\x04\0\0\0\0'                    # hop-by-hop, destination options, UDP
dst = b'\x11\x00\x01\x04\0\0\0\0'
c, s = '2001:db8::101', '2001:db8::102'
line.send(ether(ip(c, s, 0, hop + dst + udp(c, 45007, s, 7307, b'behind extension headers'))))
line.send(ether(ip(c, s, 59, b'')))                  # no next header
