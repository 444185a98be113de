"""Writes the packets of a little-endian microsecond Ethernet pcap in other file formats.

formats.py IN.pcap FOLDER    writes FOLDER/tiny-*.pcap and tiny-*.pcapng
"""
import os, struct, sys


def read(path):
    b = open(path, 'rb').read()
    assert struct.unpack('<I', b[:4])[0] == 0xa1b2c3d4
    at, packets = 24, []
    while at < len(b):
        sec, usec, n, orig = struct.unpack('<IIII', b[at:at + 16])
        packets.append((sec, usec, b[at + 16:at + 16 + n], orig))
        at += 16 + n
    return packets


def pcap(packets, order='<', magic=0xa1b2c3d4, scale=1, link=1, extra=b'', snap=262144):
    out = struct.pack(order + 'IHHiIII', magic, 2, 4, 0, 0, snap, link)
    for sec, usec, d, orig in packets:
        out += struct.pack(order + 'IIII', sec, usec * scale, len(d), orig) + extra + d
    return out


class NG:
    """pcapng blocks in one byte order."""

    def __init__(self, order='<'):
        self.o = order

    def option(self, code, value):
        return struct.pack(self.o + 'HH', code, len(value)) + value + bytes(-len(value) % 4)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        n = len(body) + 12
        return struct.pack(self.o + 'II', kind, n) + body + struct.pack(self.o + 'I', n)

    def section(self, size=-1):
        return self.block(0x0a0d0d0a, struct.pack(self.o + 'IHHq', 0x1a2b3c4d, 1, 0, size)
                          + self.option(4, b'wirelog testdata') + bytes(4))

    def interface(self, link=1, snap=0, resolution=None, offset=None, name=b''):
        opts = self.option(2, name) if name else b''
        if resolution is not None:
            opts += self.option(9, bytes([resolution]))
        if offset is not None:
            opts += self.option(14, struct.pack(self.o + 'q', offset))
        return self.block(1, struct.pack(self.o + 'HHI', link, 0, snap) + opts + (bytes(4) if opts else b''))

    def enhanced(self, i, t, d, orig, opts=b''):
        return self.block(6, struct.pack(self.o + 'IIIII', i, t >> 32, t & 0xffffffff, len(d), orig)
                          + d + bytes(-len(d) % 4) + opts)

    def simple(self, d, orig):
        return self.block(3, struct.pack(self.o + 'I', orig) + d)

    def old(self, i, t, d, orig):
        return self.block(2, struct.pack(self.o + 'HHIIII', i, 0xffff, t >> 32, t & 0xffffffff, len(d), orig) + d)

    def names(self):
        return self.block(4, struct.pack(self.o + 'HH', 1, 9) + b'\x0a\x4d\0\x02b.x\0\0' + bytes(3) + bytes(4))

    def custom(self):
        return self.block(0xbad, struct.pack(self.o + 'I', 32473) + b'not for you')

    def statistics(self, i):
        return self.block(5, struct.pack(self.o + 'III', i, 0, 0))


def main(path, folder):
    packets = read(path)

    def write(name, data):
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(data)

    write('tiny-be.pcap', pcap(packets, '>'))
    write('tiny-nano.pcap', pcap(packets, '<', 0xa1b23c4d, 1000))
    write('tiny-nano-be.pcap', pcap(packets, '>', 0xa1b23c4d, 1000))
    write('tiny-modified.pcap', pcap(packets, '<', 0xa1b2cd34, extra=struct.pack('<IHBB', 1, 0x0800, 0, 0)))
    raw = [(s, u, d[14:], n - 14) for s, u, d, n in packets]
    write('tiny-raw.pcap', pcap(raw, link=101))
    null = [(s, u, struct.pack('<I', 24 if d[12:14] == b'\x86\xdd' else 2) + d[14:], n - 10) for s, u, d, n in packets]
    write('tiny-null.pcap', pcap(null, link=0))
    write('tiny-fcs.pcap', pcap([(s, u, d + b'\xde\xad\xbe\xef', n + 4) for s, u, d, n in packets], link=1 | 1 << 26 | 2 << 28))

    for name, o in ('tiny.pcapng', '<'), ('tiny-be.pcapng', '>'):
        ng = NG(o)
        write(name, ng.section() + ng.interface(name=b'wl0') + ng.names() + b''.join(
            ng.enhanced(0, s * 10**6 + u, d, n) for s, u, d, n in packets) + ng.statistics(0))
    # Every type of block with packets, three resolutions, an offset, blocks to skip.
    ng = NG()
    base = packets[0][0]
    out = (ng.section() + ng.interface(resolution=9, name=b'nanoseconds') + ng.custom()
           + ng.interface(resolution=0x80 | 20, name=b'2^-20 s') + ng.interface(resolution=6, offset=base, name=b'offset'))
    for i, (s, u, d, n) in enumerate(packets):
        opts = ng.option(2, struct.pack('<I', 1)) + ng.option(1, b'a comment') + bytes(4) if i % 5 == 0 else b''
        out += (ng.enhanced(0, (s * 10**6 + u) * 1000, d, n, opts),
                ng.enhanced(1, s << 20 | -(-(u << 20) // 10**6), d, n),
                ng.enhanced(2, (s - base) * 10**6 + u, d, n),
                ng.old(0, (s * 10**6 + u) * 1000, d, n))[i % 4]
    write('tiny-blocks.pcapng', out)
    # Simple packets have no time.
    write('tiny-simple.pcapng', ng.section() + ng.interface(snap=262144) + b''.join(ng.simple(d, n) for _, _, d, n in packets))
    # Three sections of different byte order; the interfaces of each are numbered from zero.
    out, third = b'', (len(packets) + 2) // 3
    for i, o in enumerate('<><'):
        ng = NG(o)
        body = ng.interface(name=b'other') + ng.interface(resolution=9, name=b'wl%d' % i) + b''.join(
            ng.enhanced(1, (s * 10**6 + u) * 1000, d, n) for s, u, d, n in packets[i * third:(i + 1) * third])
        out += ng.section(len(body) if i == 1 else -1) + body
    write('tiny-sections.pcapng', out)


main(*sys.argv[1:])
