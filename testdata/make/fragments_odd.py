"""Fragments that no stack sends: fragments_odd.py DEVICE"""
import sys
from frames import *

line = Line(sys.argv[1])
C, S, c, s = '192.0.2.101', '192.0.2.102', '2001:db8::101', '2001:db8::102'
ident = 0x700


def pieces(packet, cuts, overlap=0):
    """Returns the payload cut at the offsets, as (offset, bytes, more)."""
    ends = cuts[1:] + [len(packet)]
    return [(b, packet[b:e + (overlap if e != len(packet) else 0)], e != len(packet)) for b, e in zip(cuts, ends)]


def four(parts, proto=17):
    for off, data, more in parts:
        line.send(ether(ip(C, S, proto, data, ident=ident, flags=int(more), offset=off // 8)))


def six(parts, proto=17):
    for off, data, more in parts:
        line.send(ether(ip(c, s, 44, struct.pack('!BBHI', proto, 0, off | int(more), ident) + data)))


def datagram(port, size, v6=False):
    a, b = (c, s) if v6 else (C, S)
    return udp(a, 46000 + port % 1000, b, port, bytes(i % 251 for i in range(size - 8)))


for n, v6 in enumerate((False, True)):
    send = six if v6 else four
    d = lambda port, size=240: datagram(port, size, v6)
    ident = 0x700 + 32 * n
    send(pieces(d(7401), [0, 80, 160])); ident += 1
    send(reversed(pieces(d(7402), [0, 80, 160]))); ident += 1                     # the last one first
    send(pieces(d(7403), [0, 80, 160], overlap=16)); ident += 1                   # overlap with the same bytes
    p = pieces(d(7404), [0, 80, 160])
    send([p[0], (72, b'\xee' * 88, True), p[2]]); ident += 1                      # overlap with different bytes
    send([p[0], (24, b'\xee' * 24, False)]); ident += 1                           # teardrop: inside the first
    send([p[0], p[0], p[1], p[2]]); ident += 1                                    # a duplicate
    send([p[0], p[2]]); ident += 1                                                # never complete
    send([(65528, b'\xff' * 80, False)]); ident += 1                              # beyond 64 KB
    send(pieces(d(7405), [0, 8, 16])); ident += 1                                 # tiny first fragment
    send([(0, p[0][1] + b'odd', True)]); ident += 1                               # length not a multiple of 8
    send([(0, d(7406), False)]); ident += 1                                       # a complete packet in one fragment
    send(p[:2] + [(160, p[2][1], True)]); ident += 1                              # the end missing
    ident -= 1
    send(pieces(d(7407), [0, 120])); ident += 1                                   # the same identification for another packet
t = tcp(C, 47000, S, 7408, 1, 0, SYN)
four(pieces(t, [0, 8]), 6); ident += 1                                            # a TCP header in two fragments
line.send(ether(ip(C, S, 17, datagram(7409, 64), flags=3)))                       # DF and MF
line.send(ether(ip(c, s, 0, b'\x2c\x00\x01\x04\0\0\0\0' + struct.pack('!BBHI', 17, 0, 0, ident) + datagram(7410, 64, True))))  # atomic, behind hop-by-hop
