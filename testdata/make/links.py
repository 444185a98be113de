#!/usr/bin/env python3
"""Writes links.pcapng and link-unknown.pcap to the folder OUT, or the one above.

A DNS query in every link layer and form of a header that few captures have: each on
an interface of its own, with the interface's number in the name, and one of a link type
that is no network's.
"""
import os, struct

import frames

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.environ.get('OUT', os.path.dirname(HERE))


def query(n, v6):
    name = b''.join(bytes([len(p)]) + p for p in (b'link%d' % n, b'test')) + b'\0'
    dns = struct.pack('!HHHHHH', n, 0x0100, 1, 0, 0, 0) + name + struct.pack('!HH', 28 if v6 else 1, 1)
    src, dst = ('2001:db8::101', '2001:db8::102') if v6 else ('192.0.2.101', '192.0.2.102')
    return frames.ip(src, dst, 17, frames.udp(src, 40000 + n, dst, 53, dns))


def ethernet(p):
    return frames.ether(p)


def pppoe(header):
    def make(p):
        session = header + p
        return frames.ether(struct.pack('!BBHH', 0x11, 0, 1, len(session)) + session, kind=0x8864)
    return make


def gre(header):
    """PPP in enhanced GRE (RFC 2637) in IPv4."""
    def make(p):
        ppp = header + p
        g = struct.pack('!HHHHI', 0x3001, 0x880b, len(ppp), 7, 1) + ppp
        return frames.ip('192.0.2.111', '192.0.2.112', 47, g)
    return make


def pflog(family, size):
    return lambda p: bytes([size, family, 0, 0]) + b'em0'.ljust(16, b'\0') + bytes((size + 3) // 4 * 4 - 20) + p


def before(text):
    """What comes before the IP packet, in hex."""
    return lambda p: bytes.fromhex(text) + p


# Link type, whether the packet is IPv6, and what makes a frame of it.
FORMS = [
    (8, False, before('00' * 16)),  # SLIP
    (9, False, before('21')),  # PPP without address and control, protocol of one byte
    (9, False, before('0021')),
    (9, True, before('ff0357')),
    (9, True, before('ff030057')),
    (9, False, before('0f000800')),  # Cisco HDLC as PPP
    (50, False, before('0021')),
    (50, True, before('8f0086dd')),
    (102, False, before('00' * 24)),  # SLIP of BSD/OS
    (104, False, before('0f000800')),  # Cisco HDLC
    (104, True, before('8f0086dd')),
    (107, False, before('184103cc')),  # frame relay: NLPID
    (107, True, before('184103008e')),
    (107, False, before('18410800')),  # Cisco's
    (107, False, before('18400001' '03cc')),  # address of four bytes
    (107, False, before('184103008000000' '00800')),  # SNAP
    (107, False, lambda p: bytes.fromhex('184103008000' '80c20007') + ethernet(p)),  # bridged
    (107, False, before('184103cf0021')),  # PPP
    (117, False, pflog(2, 61)),  # PFLOG
    (117, True, pflog(24, 100)),
    (204, False, before('00ff030021')),  # with direction: PPP, Cisco HDLC, frame relay
    (205, False, before('000f000800')),
    (206, False, before('00184103cc')),
    (242, True, before('00' * 40 + '86dd0000')),  # IP over InfiniBand
    (258, False, lambda p: struct.pack('<III', 108, 1, 1) + b'en0'.ljust(24, b'\0') + bytes(72) + ethernet(p)),  # PKTAP
    (258, True, lambda p: struct.pack('<III', 156, 1, 12) + b'utun0'.ljust(24, b'\0') + bytes(120) + p),
    (1, False, pppoe(b'\x00\x21')),
    (1, False, pppoe(b'\x21')),
    (1, True, pppoe(b'\xff\x03\x00\x57')),
    (101, False, gre(b'\xff\x03\x00\x21')),
    (101, False, gre(b'\x00\x21')),
    (101, False, gre(b'\x21')),
    (101, False, gre(b'\xff\x03\x21')),
]


def block(kind, body):
    body += bytes(-len(body) % 4)
    n = struct.pack('<I', len(body) + 12)
    return struct.pack('<I', kind) + n + body + n


def main():
    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    for link, _, _ in FORMS:
        out += block(1, struct.pack('<HHI', link, 0, 0))
    for n, (_, v6, make) in enumerate(FORMS):
        f = make(query(n, v6))
        at = 1_700_000_000_000_000 + n * 1000
        out += block(6, struct.pack('<IIIII', n, at >> 32, at & 0xffffffff, len(f), len(f)) + f)
    with open(os.path.join(OUT, 'links.pcapng'), 'wb') as f:
        f.write(out)
    p = query(0, False)
    with open(os.path.join(OUT, 'link-unknown.pcap'), 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 201))
        f.write(struct.pack('<IIII', 1_700_000_000, 0, len(p), len(p)) + p)


main()
