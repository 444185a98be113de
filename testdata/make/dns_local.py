"""LLMNR queries and responses: dns_local.py ADDRESS"""
import socket, struct, sys

me = sys.argv[1]


def message(ident, flags, name, kind, answer=b''):
    n = bytes([len(name)]) + name.encode() + b'\0' + struct.pack('!HH', kind, 1)
    m = struct.pack('!HHHHHH', ident, flags, 1, bool(answer), 0, 0) + n
    if answer:
        m += b'\xc0\x0c' + struct.pack('!HHIH', kind, 1, 30, len(answer)) + answer
    return m


ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.bind((me, 0))
ask.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(me))
answer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
answer.bind(('10.77.0.1', 5355))
for i, (name, kind, rdata) in enumerate([('laptop', 1, socket.inet_aton('10.77.0.2')), ('laptop', 28, socket.inet_pton(socket.AF_INET6, 'fd77::2')), ('wpad', 1, None)]):
    ask.sendto(message(100 + i, 0, name, kind), ('224.0.0.252', 5355))
    if rdata:       # the response comes from port 5355 of this host and goes to a host that does not listen
        answer.sendto(message(100 + i, 0x8000, name, kind, rdata), ('10.77.0.2', ask.getsockname()[1]))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex('wl0'))
q = struct.pack('!HHHHHH', 0, 0, 1, 0, 0, 0) + b'\x07printer\x05local\0' + struct.pack('!HH', 28, 0x8001)   # asks for a unicast response
six.sendto(q, ('ff02::fb', 5353))
six.sendto(message(200, 0, 'laptop', 1), ('ff02::1:3', 5355))
