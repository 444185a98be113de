"""One end of a tunnel, for kernels without the module: a TUN or TAP device on one side,
the encapsulation on the other. The packets inside come from real stacks.

encap.py KIND DEVICE LOCAL REMOTE    creates DEVICE; LOCAL and REMOTE are addresses or,
                                     for tags of a frame, the device below
"""
import os, select, socket, struct, sys
import fcntl

TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454ca, 1, 2, 0x1000
PACKET_AUXDATA, PACKET_OUTGOING = 8, 4


def ethertype(packet):
    return 0x86dd if packet[0] >> 4 == 6 else 0x0800


count = 0


def number():
    global count
    count += 1
    return count


def gre_checked(p):
    head = struct.pack('!HHHHII', 0xb000, ethertype(p), 0, 0, 0xc0ffee, number())
    n = sum(struct.unpack('!%dH' % ((len(head + p) + 1) // 2), (head + p + b'\0')[:(len(head + p) + 1) // 2 * 2]))
    while n >> 16:
        n = (n & 0xffff) + (n >> 16)
    return head[:4] + struct.pack('!H', ~n & 0xffff) + head[6:] + p


def gtp(p):
    return struct.pack('!BBHIHBB', 0x32, 255, len(p) + 4, 0x11223344, number(), 0, 0) + p


def after_ip(b):
    return b[(b[0] & 15) * 4:]


# By kind: layer of the device; IP protocol, UDP port, or None for frames; encapsulate; decapsulate
KINDS = {
    'gre': ('tun', 47, lambda p: struct.pack('!HH', 0, ethertype(p)) + p, lambda b: b[4:]),
    'gre-key': ('tun', 47, gre_checked, lambda b: b[16:]),
    'gretap': ('tap', 47, lambda f: struct.pack('!HH', 0, 0x6558) + f, lambda b: b[4:]),
    'erspan2': ('tap', 47, lambda f: struct.pack('!HHIII', 0x1000, 0x88be, number(), 1 << 28 | 100 << 16 | 7, 3) + f, lambda b: b[16:]),
    '4in4': ('tun', 4, lambda p: p, lambda b: b),
    '6in4': ('tun', 41, lambda p: p, lambda b: b),
    '4in6': ('tun', 4, lambda p: p, lambda b: b),
    '6in6': ('tun', 41, lambda p: p, lambda b: b),
    'geneve': ('tap', ('udp', 6081), lambda f: struct.pack('!BBHIHBBI', 2, 0, 0x6558, 0x4d2 << 8, 0x0102, 0x80, 1, 0xfeedface) + f, lambda b: b[8 + (b[0] & 63) * 4:]),
    'geneve-ip': ('tun', ('udp', 6081), lambda p: struct.pack('!BBHI', 0, 0, ethertype(p), 0x4d3 << 8) + p, lambda b: b[8 + (b[0] & 63) * 4:]),
    'vxlan-8472': ('tap', ('udp', 8472), lambda f: struct.pack('!II', 1 << 27, 42 << 8) + f, lambda b: b[8:]),
    'gtp': ('tun', ('udp', 2152), gtp, lambda b: b[12:]),
    'teredo': ('tun', ('udp', 3544), lambda p: p, lambda b: b),
    'vlan': ('tap', None, lambda f: f[:12] + b'\x81\x00\x60\x64' + f[12:], lambda f: f[:12] + f[16:]),
    'qinq': ('tap', None, lambda f: f[:12] + b'\x88\xa8\x00\xc8\x81\x00\x00\x64' + f[12:], lambda f: f[:12] + f[20:]),
    'mpls': ('tun', 'frame', lambda p: b'\x02\0\0\0\x01\xff\x02\0\0\0\x01\xfe\x88\x47' + struct.pack('!II', 100 << 12 | 64, 200 << 12 | 1 << 8 | 64) + p, lambda f: f[22:]),
    'pppoe': ('tun', 'frame', lambda p: b'\x02\0\0\0\x01\xff\x02\0\0\0\x01\xfe\x88\x64' + struct.pack('!BBHHH', 0x11, 0, 7, len(p) + 2, 0x57 if p[0] >> 4 == 6 else 0x21) + p,
              lambda f: f[22:20 + struct.unpack('!H', f[18:20])[0]]),
}


def device(kind, name):
    fd = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH22x', name.encode(), (IFF_TAP if kind == 'tap' else IFF_TUN) | IFF_NO_PI))
    return fd


def packet_socket(dev):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_PACKET if hasattr(socket, 'SOL_PACKET') else 263, PACKET_AUXDATA, 1)
    s.bind((dev, 0))
    return s


def receive_frame(s):
    """Returns a frame with its outermost tag, which the kernel has removed."""
    f, aux, _, addr = s.recvmsg(65536, 64)
    if addr[2] == PACKET_OUTGOING:
        return b''
    for _, _, data in aux:
        status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', data[:20])
        if status & 0x10:
            f = f[:12] + struct.pack('!HH', tpid if status & 0x40 else 0x8100, tci) + f[12:]
    return f


def main(kind, name, local, remote):
    layer, below, put, take = KINDS[kind]
    v6 = ':' in local
    family = socket.AF_INET6 if v6 else socket.AF_INET
    if below is None or below == 'frame':
        s = packet_socket(local)
        send, recv = s.send, lambda: receive_frame(s)
    elif isinstance(below, tuple):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((local, below[1]))
        send, recv = lambda b: s.sendto(b, (remote, below[1])), lambda: s.recv(65536)
    else:
        s = socket.socket(family, socket.SOCK_RAW, below)
        s.bind((local, 0))
        send, recv = lambda b: s.sendto(b, (remote, 0)), lambda: s.recv(65536) if v6 else after_ip(s.recv(65536))
    tun = device(layer, name)
    mine = {'vlan': b'\x81\x00', 'qinq': b'\x88\xa8', 'mpls': b'\x88\x47', 'pppoe': b'\x88\x64'}.get(kind)
    while True:
        for r in select.select([s, tun], [], [])[0]:
            if r is tun:
                send(put(os.read(tun, 65536)))
                continue
            b = recv()
            if b and (mine is None or b[12:14] == mine):
                try:
                    os.write(tun, take(b))
                except OSError:     # not a packet for this device
                    pass


main(*sys.argv[1:])
