"""Pipelined queries over one TCP connection: dns_pipeline.py SERVER"""
import socket, struct, sys, time


def query(ident, name, kind):
    q = struct.pack('!HHHHHH', ident, 0x100, 1, 0, 0, 0)
    for label in name.split('.'):
        q += bytes([len(label)]) + label.encode()
    q += b'\0' + struct.pack('!HH', kind, 1)
    return struct.pack('!H', len(q)) + q


s = socket.create_connection((sys.argv[1], 53), 5)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
asked = [(1, 'example.test', 1), (2, 'mail.example.test', 1), (3, 'big.example.test', 16), (4, 'nothing.example.test', 1), (5, 'example.test', 6)]
b = b''.join(query(*a) for a in asked)
for i, j in (0, 1), (1, 50), (50, 100), (100, len(b)):     # cut inside a length, inside a name, between two messages
    s.sendall(b[i:j])
    time.sleep(.03)
got = b''
n = 0
while n < len(asked):
    got += s.recv(65536)
    while len(got) > 2 and len(got) >= 2 + struct.unpack('!H', got[:2])[0]:
        got = got[2 + struct.unpack('!H', got[:2])[0]:]
        n += 1
s.close()
