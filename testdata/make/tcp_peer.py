"""Client and server of the TCP captures: each port is one course of a connection.

tcp_peer.py server                    listens until it is stopped
tcp_peer.py client ADDRESS CASE...    runs the cases, then holds the connections that stay open
tcp_peer.py few ADDRESS CASE...       the same, and exits at once
tcp_peer.py pull ADDRESS PORT...      one transfer in small segments per port
"""
import socket, struct, sys, threading, time

TEXT = b''.join(b'line %04d of the stream, forty bytes long\n' % i for i in range(80))
NO_LINGER = struct.pack('ii', 1, 0)
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
AT = 0.25  # both ends of the simultaneous close act at the next quarter of a second

keep = []
cases = {}


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    s.close()


def drain(s):
    n = 0
    while True:
        d = s.recv(65536)
        if not d:
            return n
        n += len(d)


def until_quarter():
    t = (time.monotonic() // AT + 2) * AT
    while time.monotonic() < t:
        pass


def case(port):
    def add(f):
        cases[f.__name__] = (port, f)
        return f
    return add


# A case has two halves: the server's part first, the client's part after the yield.

@case(7001)
def sf(s):                      # both send, the client closes first
    yield lambda: (s.recv(100), s.sendall(b'world\n'), drain(s), s.close())
    s.sendall(b'hello\n'); s.recv(100); s.close()

@case(7002)
def server_closes(s):           # the server talks first and closes first
    yield lambda: (s.sendall(b'220 ready\n'), s.recv(100), s.close())
    s.recv(100); s.sendall(b'quit\n'); drain(s); s.close()

@case(7003)
def rsto(s):
    yield lambda: (s.recv(100), s.sendall(b'answer\n'), keep.append(s))
    s.sendall(b'question\n'); s.recv(100); reset(s)

@case(7004)
def rstr(s):
    yield lambda: (s.recv(100), s.sendall(b'answer\n'), time.sleep(.05), reset(s))
    s.sendall(b'question\n'); s.recv(100); time.sleep(.1); s.close()

@case(7005)
def s1(s):                      # still open when the recording ends
    yield lambda: (s.recv(100), s.sendall(b'answer\n'), keep.append(s))
    s.sendall(b'question\n'); s.recv(100); keep.append(s)

@case(7006)
def half_open(s):               # the client closes its half, the server continues to send
    yield lambda: (drain(s), [(s.sendall(TEXT[i * 500:i * 500 + 500]), time.sleep(.02)) for i in range(4)], s.close())
    s.sendall(b'everything, please\n'); s.shutdown(socket.SHUT_WR); drain(s); s.close()

@case(7007)
def s2(s):                      # the client has closed, the server never does
    yield lambda: (drain(s), keep.append(s))
    s.sendall(b'bye\n'); s.close()

@case(7008)
def s3(s):                      # the server has closed, the client never does
    yield lambda: (s.recv(100), s.sendall(b'bye\n'), s.close())
    s.sendall(b'hello\n'); drain(s); keep.append(s)

@case(7009)
def unread(s):                  # the server closes with data unread: a reset that follows data
    yield lambda: (time.sleep(.1), s.close())
    s.sendall(TEXT[:1000]); time.sleep(.2); s.close()

@case(7010)
def simultaneous_close(s):
    yield lambda: (s.recv(10), s.sendall(b'y'), until_quarter(), s.close())
    s.sendall(b'x'); s.recv(10); until_quarter(); s.close()

@case(7011)
def zero_window(s):             # the server does not read for a while
    yield lambda: (time.sleep(.6), drain(s), s.close())
    s.sendall(TEXT * 4); s.close()

@case(7012)
def urgent(s):
    yield lambda: (time.sleep(.1), s.recv(100), drain(s), s.close())
    s.sendall(b'before '); s.send(b'!', socket.MSG_OOB); s.sendall(b' after\n'); time.sleep(.15); s.close()

@case(7013)
def both_stream(s):             # data in both directions at once
    def go():
        threading.Thread(target=s.sendall, args=[TEXT[:3000]]).start()
        drain(s); s.close()
    yield go
    threading.Thread(target=s.sendall, args=[TEXT[:2000]]).start()
    n = 0
    while n < 3000:
        n += len(s.recv(1000))
    s.close()

@case(7014)
def no_data(s):
    yield lambda: (drain(s), s.close())
    s.close()

@case(7015)
def keepalive(s):
    yield lambda: (drain(s), s.close())
    s.sendall(b'anybody there?\n')
    for opt, v in (socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1):
        s.setsockopt(socket.IPPROTO_TCP, opt, v)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    time.sleep(2.5); s.close()

@case(7016)
def fast_open(s):               # data in the SYN
    yield lambda: (s.recv(100), s.sendall(b'opened\n'), drain(s), s.close())
    s.recv(100); s.close()

@case(7017)
def wrap(s):                    # sequence numbers pass 2^32
    yield lambda: (drain(s), s.sendall(b'got it\n'), s.close())
    s.sendall(TEXT); s.shutdown(socket.SHUT_WR); drain(s); s.close()

@case(7018)
def rst_after_fin(s):           # the server resets after the client's FIN
    yield lambda: (drain(s), reset(s))
    s.sendall(b'hello\n'); s.shutdown(socket.SHUT_WR); time.sleep(.2); s.close()


def quietly(f):
    try:
        f()
    except OSError:
        pass


def listen(port, serve):
    s = socket.socket(socket.AF_INET6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    if port == 7011:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind(('::', port))
    s.listen()

    def loop():
        while True:
            threading.Thread(target=quietly, args=[serve(s.accept()[0])], daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def give(s):
    return lambda: (s.recv(100), s.sendall(TEXT), drain(s), s.close())


def server():
    for port, f in cases.values():
        listen(port, lambda s, f=f: next(f(s)))
    for port in range(7101, 7120):
        listen(port, give)
    print('serving', flush=True)
    time.sleep(300)


def connect(address, port, name='', segment=0):
    s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
    s.settimeout(20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if segment:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
    if name == 'wrap':
        for opt, v in (TCP_REPAIR, 1), (TCP_REPAIR_QUEUE, 2), (TCP_QUEUE_SEQ, -0x600), (TCP_REPAIR, 0):
            s.setsockopt(socket.IPPROTO_TCP, opt, v)
    if name == 'fast_open':
        s.settimeout(None)
        s.sendto(b'early data\n', socket.MSG_FASTOPEN, (address, port))
    else:
        s.connect((address, port))
    return s


def client(address, names):
    for name in names:
        if name == 'rej':
            try:
                connect(address, 7999)
            except ConnectionRefusedError:
                pass
            continue
        port, f = cases[name]
        s = connect(address, port, name)
        half = f(s)
        next(half)
        try:
            for _ in half:
                pass
        except OSError as e:
            print(name, e)
        time.sleep(.1)
    print('done', flush=True)


def pull(address, ports):
    for port in ports:
        s = connect(address, port, segment=300)
        s.sendall(b'send it\n')
        n = 0
        while n < len(TEXT):
            n += len(s.recv(65536))
        s.close()
        time.sleep(.1)
    print('done', flush=True)


if sys.argv[1] == 'server':
    server()
elif sys.argv[1] == 'client':
    client(sys.argv[2], sys.argv[3:])
    time.sleep(60)
elif sys.argv[1] == 'few':
    client(sys.argv[2], sys.argv[3:])
else:
    pull(sys.argv[2], [int(p) for p in sys.argv[3:]])
