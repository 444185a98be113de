"""Malformed and odd DNS messages: dns_odd.py DEVICE"""
import sys
from frames import *

line = Line(sys.argv[1])
C, S = '192.0.2.101', '192.0.2.102'
port = 48000


def head(flags, qd=1, an=0, ns=0, ar=0, ident=None):
    return struct.pack('!HHHHHH', port if ident is None else ident, flags, qd, an, ns, ar)


def name(s):
    return b''.join(bytes([len(l)]) + l.encode('latin-1') for l in s.split('.')) + b'\0'


Q = name('odd.test') + struct.pack('!HH', 1, 1)


def rr(owner, kind, rdata, ttl=60, cls=1, size=None):
    return owner + struct.pack('!HHIH', kind, cls, ttl, len(rdata) if size is None else size) + rdata


def exchange(answer, question=None):
    global port
    port += 1
    q, a = (question or (lambda: head(0x100) + Q))(), answer() if answer else None
    line.send(ether(ip(C, S, 17, udp(C, port, S, 53, q))))
    if a is not None:
        line.send(ether(ip(S, C, 17, udp(S, 53, C, port, a)), MAC_B, MAC_A))


P = b'\xc0\x0c'
A = b'\x0a\x4d\0\x01'
ok = lambda: head(0x8180, an=1) + Q + rr(P, 1, A)
exchange(ok)
exchange(lambda: head(0x8180, an=1) + Q + rr(b'\xc0\x1a', 1, A))                       # a name that points at itself
exchange(lambda: head(0x8180, an=1) + Q + rr(b'\xc0\x1c\xc0\x1a', 1, A))               # two that point at each other
exchange(lambda: head(0x8180, an=1) + Q + rr(b'\xc3\xff', 1, A))                       # beyond the message
exchange(lambda: head(0x8180, an=1) + Q + rr(b'\x80x\0', 1, A))                        # a label of unknown type
exchange(lambda: head(0x8180, an=65535) + Q + rr(P, 1, A))                             # claims 65,535 records
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 1, A, size=400))                       # longer than the message
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 1, A + b'xx'))                         # an address of six bytes
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 5, b'\xc0'))                           # half a pointer
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 16, b'\x20short'))                     # a string longer than its record
exchange(lambda: ok()[:20])
exchange(lambda: ok()[:8])
exchange(lambda: b'')
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 15, b'\0\x0a' + name('m.' * 3 + 'odd.test')))
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 1, A, ttl=0xffffffff))
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 4711, b'unknown'))
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 1, A, cls=99))
exchange(lambda: head(0x8180, an=2) + Q + rr(P, 1, A) + b'junk after')
exchange(lambda: ok() + b'trailing bytes')
exchange(None)                                                                          # never answered
exchange(lambda: head(0x8180, qd=2, an=1) + Q + Q + rr(P, 1, A), lambda: head(0x100, qd=2) + Q + name('two.test') + struct.pack('!HH', 28, 1))
exchange(lambda: head(0x8180, an=1, ident=1) + Q + rr(P, 1, A))                        # another id than that of the query
exchange(lambda: head(0x8180, an=1) + Q + rr(P, 1, A), lambda: head(0x100) + name('l' * 63 + '.' + '.'.join(['m' * 60] * 3)) + struct.pack('!HH', 1, 1))
exchange(ok, lambda: head(0x100) + name('tab\there.new\nline.nul\0.\x1b[31m.\xff\xfe.#fields') + struct.pack('!HH', 16, 1))
exchange(ok, lambda: head(0x100) + b'\x02..\x04test\0' + struct.pack('!HH', 1, 1))     # dots in a label
exchange(ok, lambda: head(0x100, qd=0))
exchange(ok, lambda: head(0x7900) + Q)                                                  # an unassigned opcode
exchange(lambda: head(0x818f, an=0) + Q)                                                # an unassigned response code
port += 1
for _ in range(3):                                                                      # three queries, two responses
    line.send(ether(ip(C, S, 17, udp(C, port, S, 53, head(0x100) + Q))))
for _ in range(2):
    line.send(ether(ip(S, C, 17, udp(S, 53, C, port, ok())), MAC_B, MAC_A))
port += 1
line.send(ether(ip(S, C, 17, udp(S, 53, C, port, ok())), MAC_B, MAC_A))                 # a response without a query
line.send(ether(ip(C, S, 17, udp(C, 48999, S, 53, b'GET / HTTP/1.1\r\nHost: not-dns\r\n\r\n'))))
line.send(ether(ip('2001:db8::101', '2001:db8::102', 17, udp('2001:db8::101', 48999, '2001:db8::102', 53, head(0x100) + Q))))
c, s = connection(line, 53, 48998)
m = head(0x100) + Q
c.send(ACK | PSH, struct.pack('!H', len(m)) + m); s.send(ACK | PSH, struct.pack('!H', 65535) + ok()); close(c, s)     # an incomplete message
