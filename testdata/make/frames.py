"""Frames built by hand: what no well-behaved stack sends.

Sent on a device between two addresses that nobody owns, so that no stack answers.
"""
import socket, struct, time

MAC_A, MAC_B = bytes.fromhex('020000000a01'), bytes.fromhex('020000000b01')
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))


def checksum(b):
    if len(b) % 2:
        b += b'\0'
    n = sum(struct.unpack('!%dH' % (len(b) // 2), b))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return ~n & 0xffff


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ':' in address else socket.AF_INET, address)


def pseudo(src, dst, proto, size):
    if ':' in src:
        return packed(src) + packed(dst) + struct.pack('!IHBB', size, 0, 0, proto)
    return packed(src) + packed(dst) + struct.pack('!BBH', 0, proto, size)


def ether(payload, src=MAC_A, dst=MAC_B, kind=None):
    if kind is None:
        kind = 0x86dd if payload[0] >> 4 == 6 else 0x0800
    return dst + src + struct.pack('!H', kind) + payload


def ip(src, dst, proto, payload, ident=0, flags=2, offset=0, ttl=64, tos=0, options=b'', bad=False):
    """An IP packet of either version; flags, offset (in 8 bytes) and options are for version 4."""
    if ':' in src:
        return struct.pack('!IHBB', 6 << 28 | tos << 20, len(payload), proto, ttl) + packed(src) + packed(dst) + payload
    head = struct.pack('!BBHHHBBH', 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload), ident,
                       flags << 13 | offset, ttl, proto, 0) + packed(src) + packed(dst) + options
    sum_ = checksum(head) ^ (0x1111 if bad else 0)
    return head[:10] + struct.pack('!H', sum_) + head[12:] + payload


def tcp(src, sport, dst, dport, seq, ack, flags, data=b'', window=8192, options=b'', urgent=0, bad=False):
    s = struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, (5 + len(options) // 4) << 4,
                    flags, window, 0, urgent) + options + data
    sum_ = checksum(pseudo(src, dst, 6, len(s)) + s) ^ (0x1111 if bad else 0)
    return s[:16] + struct.pack('!H', sum_) + s[18:]


def udp(src, sport, dst, dport, data, bad=False, nosum=False):
    s = struct.pack('!HHHH', sport, dport, 8 + len(data), 0) + data
    sum_ = 0 if nosum else (checksum(pseudo(src, dst, 17, len(s)) + s) or 0xffff) ^ (0x1111 if bad else 0)
    return s[:6] + struct.pack('!H', sum_) + s[8:]


def icmp(src, dst, kind, code, body, bad=False):
    s = struct.pack('!BBH', kind, code, 0) + body
    sum_ = checksum((pseudo(src, dst, 58, len(s)) if ':' in src else b'') + s) ^ (0x1111 if bad else 0)
    return s[:2] + struct.pack('!H', sum_) + s[4:]


class Line:
    """A device to send on."""

    def __init__(self, name):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.s.bind((name, 0))

    def send(self, frame):
        self.s.send(frame.ljust(60, b'\0'))
        time.sleep(0.002)


class Side:
    """One end of a hand-made TCP connection: keeps its sequence number and sends what it is given."""

    def __init__(self, line, addr, port, seq):
        self.line, self.addr, self.port, self.seq = line, addr, port, seq
        self.peer, self.ack = None, 0

    def send(self, flags, data=b'', at=None, ack=None, bad=False, badip=False, advance=True, **kw):
        """Sends at the next sequence number, or `at` bytes from it, and advances that number unless told otherwise."""
        seq = self.seq + (at or 0)
        seg = tcp(self.addr, self.port, self.peer.addr, self.peer.port, seq,
                  (self.peer.seq if ack is None else ack) if flags & ACK else 0, flags, data, bad=bad, **kw)
        there = self.addr < self.peer.addr
        self.line.send(ether(ip(self.addr, self.peer.addr, 6, seg, bad=badip),
                             *((MAC_A, MAC_B) if there else (MAC_B, MAC_A))))
        if advance and at is None:
            self.seq = (self.seq + len(data) + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff


def connection(line, port, cport=None, src='192.0.2.101', dst='192.0.2.102', seqs=(1000, 5000), open=True):
    c, s = Side(line, src, cport or 40000 + port % 10000, seqs[0]), Side(line, dst, port, seqs[1])
    c.peer, s.peer = s, c
    if open:
        c.send(SYN)
        s.send(SYN | ACK)
        c.send(ACK)
    return c, s


def close(c, s):
    c.send(FIN | ACK)
    s.send(FIN | ACK)
    c.send(ACK)
