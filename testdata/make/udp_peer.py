"""Client and server of the UDP captures.

udp_peer.py server | client ADDRESS | one ADDRESS | big ADDRESS | refused ADDRESS...
"""
import socket, sys, threading, time


def sock(address=''):
    return socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)


def serve(port, answer):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(('::', port))
    while True:
        d, peer = s.recvfrom(65536)
        for a in answer(d):
            s.sendto(a, peer)


def server():
    for port, answer in {
        7201: lambda d: [d],                        # echo
        7202: lambda d: [],                         # no reply
        7203: lambda d: [b'part %d' % i for i in range(4)],
        7204: lambda d: [b''],
        7208: lambda d: [d[::-1]],
    }.items():
        threading.Thread(target=serve, args=[port, answer], daemon=True).start()
    time.sleep(300)


def ask(address, port, *what, wait=1):
    s = sock(address)
    s.settimeout(1)
    s.connect((address, port))
    try:
        for w in what:
            s.send(w)
            for _ in range(wait):
                s.recv(65536)
    except OSError as e:
        print(port, e, file=sys.stderr)


def client(address):
    ask(address, 7201, b'one', b'two', b'three')
    ask(address, 7202, *[b'%d' % i for i in range(5)], wait=0)
    ask(address, 7203, b'all parts', wait=4)
    ask(address, 7204, b'')
    refused(address)
    if ':' in address:
        return
    s = sock()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.sendto(b'everybody', ('10.77.0.255', 7205))
    s.sendto(b'really everybody', ('255.255.255.255', 7205))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    s.sendto(b'the group', ('239.7.7.7', 7206))


def refused(address):
    s = sock(address)
    s.settimeout(.3)
    s.connect((address, 7999))
    for _ in range(2):
        try:
            s.send(b'anybody?')
            s.recv(100)
        except OSError:
            pass


if sys.argv[1] == 'server':
    server()
elif sys.argv[1] == 'client':
    client(sys.argv[2])
elif sys.argv[1] == 'one':
    ask(sys.argv[2], 7201, b'one', b'two')
elif sys.argv[1] == 'big':
    ask(sys.argv[2], 7208, bytes(range(256)) * 14, bytes(range(256)) * 6)
else:
    for a in sys.argv[2:]:
        refused(a)
