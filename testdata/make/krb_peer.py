"""Kerberos messages that no program sends to a KDC, built by hand.

krb_peer.py answer         replies on port 88 until it is stopped
krb_peer.py odd ADDRESS    KRB-SAFE, KRB-PRIV, KRB-CRED and malformed messages
"""
import socket, struct, sys, threading, time

PORT = 88
AS_REQ, AP_REQ, AP_REP, SAFE, PRIV, CRED, ERROR = 10, 14, 15, 20, 21, 22, 30
IPV4, NETBIOS, IPV6 = 2, 20, 24


def der(tag, body):
    """Returns a DER value (X.690)."""
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))


def octets(b):
    return der(4, b)


def text(s):
    return der(27, s.encode())


def when(s):
    return der(24, s.encode())


def sequence(*parts):
    return der(0x30, b''.join(parts))


def fields(**by_number):
    """A SEQUENCE of explicitly tagged fields: f0=..., f1=..."""
    return sequence(*(der(0xa0 | int(k[1:]), v) for k, v in by_number.items()))


def message(kind, **by_number):
    """Returns a message, with its type as application tag (RFC 4120 section 5.10)."""
    return der(0x60 | kind, fields(f0=integer(5), f1=integer(kind), **by_number))


def encrypted(b, kvno=None):
    if kvno is None:
        return fields(f0=integer(18), f2=octets(b))
    return fields(f0=integer(18), f1=integer(kvno), f2=octets(b))


def address(kind, b):
    return fields(f0=integer(kind), f1=octets(b))


def principal(*parts):
    return fields(f0=integer(1), f1=sequence(*map(text, parts)))


def ticket(*service):
    return der(0x61, fields(f0=integer(5), f1=text('EXAMPLE.TEST'), f2=principal(*service), f3=encrypted(b'T' * 40, 2)))


def safe(sender=address(IPV4, bytes([10, 77, 0, 1])), recipient=None, stamp='20220601120000Z', usec=4711, size=20):
    body = {'f0': octets(b'm' * size)}
    if stamp:
        body |= {'f1': when(stamp), 'f2': integer(usec), 'f3': integer(99)}
    body['f4'] = sender
    if recipient:
        body['f5'] = recipient
    return message(SAFE, f2=fields(**body), f3=fields(f0=integer(16), f1=octets(b'c' * 20)))


def cred(*tickets):
    return message(CRED, f2=sequence(*tickets), f3=encrypted(b'e' * 60))


priv = message(PRIV, f3=encrypted(b'p' * 50))
ap_req = message(AP_REQ, f2=der(3, b'\0\x20\0\0\0'), f3=ticket('host', 'server.example.test'), f4=encrypted(b'a' * 80))
ap_rep = message(AP_REP, f2=encrypted(b'r' * 60))
error = message(ERROR, f2=when('20220601120001Z'), f3=integer(17), f4=when('20220601120002Z'), f5=integer(42),
                f6=integer(60), f7=text('EXAMPLE.TEST'), f8=principal('alice'), f9=text('EXAMPLE.TEST'),
                f10=principal('krbtgt', 'EXAMPLE.TEST'), f11=text('something else'))
as_req = message(AS_REQ, f4=fields(
    f0=der(3, b'\0\x50\x80\0\x10'), f1=principal('al', 'ic', 'e'), f2=text('EXAMPLE.TEST'),
    f3=principal('krbtgt', 'EXAMPLE.TEST'), f4=when('20220601120000Z'), f5=when('20370913024805Z'),
    f6=when('20370913024805Z'), f7=integer(1234567890), f8=sequence(integer(18), integer(17), integer(23)),
    f9=sequence(address(IPV4, bytes([10, 77, 0, 1])), address(IPV6, bytes(15) + b'\1'),
                address(NETBIOS, b'CLIENT         '), address(IPV4, b'abc'), address(6, b'xns')),
    f11=sequence(ticket('one'), ticket('two', '2'))))

# Request and reply, one flow per line: the reply determines who sends what.
TALK = {
    'KRB-SAFE': (safe(), safe(sender=address(IPV6, bytes(15) + b'\1'), recipient=address(NETBIOS, b'CLIENT         '))),
    'KRB-SAFE without a time': (safe(stamp=None), safe(size=300)),
    'KRB-PRIV': (priv, priv),
    'KRB-CRED': (cred(ticket('krbtgt', 'EXAMPLE.TEST')), cred(ticket('one'), ticket('two', '2'), ticket('3'))),
    'KRB-CRED without tickets': (cred(), error),
    'AP exchange': (ap_req, ap_rep),
    'AS-REQ with all there is': (as_req, error),
}

# Malformed messages, each as a reply to a valid request.
ODD = {
    'cut': error[:-20],
    'an unknown type': message(23, f2=integer(1)),
    'a length beyond the end': bytes([0x7e, 0x84, 0xff, 0xff, 0xff, 0xff]) + error[2:],
    'a length of five bytes': bytes([0x7e, 0x85, 0, 0, 0, 0, 60]) + error[2:],
    'no definite length': bytes([0x7e, 0x80]) + error[2:] + b'\0\0',
    'nothing inside': bytes([0x7e, 0]),
    'a tag of several bytes': b'\x7f\x1e' + error[1:],
    'padded numbers': message(PRIV, f3=fields(f0=der(2, bytes(9) + b'\x12'), f2=octets(b'x'))),
    'names in names': message(ERROR, f6=integer(7), f8=sequence(*[sequence(sequence(text('x')))] * 20)),
    'a name with nothing': message(ERROR, f6=integer(7), f8=principal(), f10=principal('a', 'b', 'c', 'd')),
    'no text': b'no Kerberos at all\r\n',
}


def framed(b):
    return struct.pack('>I', len(b)) + b


def exchanges():
    return list(TALK.values()) + [(as_req, b) for b in ODD.values()]


def take(s, n):
    while n > 0:
        got = len(s.recv(n))
        if not got:
            raise EOFError
        n -= got


def read(s):
    take(s, int.from_bytes(s.recv(4, socket.MSG_WAITALL), 'big'))


def answer():
    replies = [reply for _, reply in exchanges()]
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(('', PORT))

    def datagrams():
        for reply in replies:
            _, peer = u.recvfrom(65535)
            u.sendto(reply, peer)

    threading.Thread(target=datagrams, daemon=True).start()
    listener = socket.create_server(('', PORT))
    for reply in replies:
        s, _ = listener.accept()
        with s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            read(s)
            s.sendall(framed(reply))
            s.recv(1)
    s, _ = listener.accept()  # several messages, cut anywhere
    with s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(3):
            read(s)
        b = framed(priv) + framed(error) + framed(ap_rep)
        for i in range(0, len(b), 33):
            s.sendall(b[i:i + 33])
            time.sleep(.002)
        s.recv(1)
    s, _ = listener.accept()  # a length that is too long
    with s:
        s.recv(5)
        s.sendall(struct.pack('>I', 1 << 30) + error)
        s.recv(1)


def odd(to):
    for request, _ in exchanges():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.connect((to, PORT))
            u.settimeout(5)
            u.send(request)
            u.recv(65535)
    for request, reply in exchanges():
        with socket.create_connection((to, PORT), 5) as s:
            s.sendall(framed(request))
            take(s, 4 + len(reply))
        time.sleep(.01)
    with socket.create_connection((to, PORT), 5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        b = framed(ap_req) + framed(priv) + framed(cred(ticket('x')))
        for part in (b[:2], b[2:9], b[9:]):
            s.sendall(part)
            time.sleep(.005)
        take(s, len(framed(priv) + framed(error) + framed(ap_rep)))
    time.sleep(.01)
    with socket.create_connection((to, PORT), 5) as s:
        s.sendall(b'\xff\xff\xff\xff\x7e')
        take(s, 4 + len(error))


{'answer': answer, 'odd': odd}[sys.argv[1]](*sys.argv[2:])
