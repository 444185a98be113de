"""HTTP that curl does not send.

http_peer.py serve PORT              a small server with odd replies; runs until it is stopped
http_peer.py websocket-server PORT   echoes (python3-websockets)
http_peer.py websocket URL           the client for that server
http_peer.py raw ADDRESS             odd requests on port 80, pipelining, other protocols
http_peer.py odd ADDRESS PORT        odd replies from the server on PORT
"""
import asyncio, gzip, socket, sys, threading, time, zlib

BODY = b'<html><body>' + b'<p>the same sentence again</p>' * 12 + b'</body></html>\n'


def chunked(b, n, ext=b'', trailer=b''):
    out = b''.join(b'%x%s\r\n%s\r\n' % (len(b[i:i + n]), ext, b[i:i + n]) for i in range(0, len(b), n))
    return out + b'0\r\n' + trailer + b'\r\n'


H = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
ANSWERS = {
    b'/deflate': H + b'Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n' % len(zlib.compress(BODY)) + zlib.compress(BODY),
    b'/rawdeflate': H + b'Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n' % len(zlib.compress(BODY)[2:-4]) + zlib.compress(BODY)[2:-4],
    b'/gzip-chunked': H + b'Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(gzip.compress(BODY), 20),
    b'/trailer': H + b'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' + chunked(BODY, 100, b';ext=1', b'X-Sum: 42\r\n'),
    b'/no-length': b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end\n',
    b'/short': H + b'Content-Length: 5000\r\n\r\n' + BODY,
    b'/folded': b'HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n\tthree\r\nContent-Length: 0\r\n\r\n',
    b'/no-reason': b'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok',
    b'/lf': b'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    b'/hints': b'HTTP/1.1 103 Early Hints\r\nLink: </x.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n' + H + b'Content-Length: 2\r\n\r\nok',
    b'/two-lengths': H + b'Content-Length: 2\r\nContent-Length: 4\r\n\r\nokay',
    b'/both': H + b'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(b'smuggled?', 9),
    b'/huge-chunk': H + b'Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\nnot that much',
    b'/bad-chunk': H + b'Transfer-Encoding: chunked\r\n\r\nzz\r\nwhat\r\n0\r\n\r\n',
    b'/bad-gzip': H + b'Content-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip',
    b'/byteranges': b'HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=SEP\r\nContent-Length: 181\r\n\r\n'
                    + (b'--SEP\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/20\r\n\r\nfirst\r\n--SEP\r\nContent-Type: text/plain\r\nContent-Range: bytes 10-14/20\r\n\r\nlater\r\n--SEP--\r\n').ljust(181),
    b'/status': b'HTTP/1.1 799 Odd \xff\x01 Reason\r\nContent-Length: 0\r\n\r\n',
    b'/304': b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 100\r\n\r\n',
    b'/v2': b'HTTP/2.7 200 Fine\r\nContent-Length: 0\r\n\r\n',
    b'/disposition': b'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="../../etc/passwd"\r\nContent-Length: 4\r\n\r\n\x7fELF',
    b'/twice-encoded': H + b'Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n' % len(gzip.compress(gzip.compress(BODY, mtime=0), mtime=0)) + gzip.compress(gzip.compress(BODY, mtime=0), mtime=0),
    b'/huge-header': b'HTTP/1.1 200 OK\r\nX-Huge: ' + b'h' * 9000 + b'\r\nContent-Length: 0\r\n\r\n',
}
CLOSES = {b'/no-length', b'/short', b'/huge-chunk', b'/bad-chunk', b'/two-lengths', b'/both', b'/v2', b'/304'}


def handle(s):
    with s:
        d = b''
        while b'\r\n\r\n' not in d:
            got = s.recv(65536)
            if not got:
                return
            d += got
        path = d.split()[1]
        a = ANSWERS.get(path, b'HTTP/1.1 404 Nothing\r\nContent-Length: 0\r\n\r\n')
        for i in range(0, len(a), 700):
            s.sendall(a[i:i + 700])
        time.sleep(.02)


def serve(port):
    l = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        threading.Thread(target=handle, args=[l.accept()[0]], daemon=True).start()


def say(address, port, *parts, wait=.1):
    """Sends the parts with pauses between them, and reads until the other side is quiet."""
    s = socket.create_connection((address, port), 5)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for p in parts:
            s.sendall(p)
            time.sleep(.03)
        s.settimeout(wait)
        while s.recv(65536):
            pass
    except OSError:
        pass
    s.close()


def raw(address):
    get = lambda path, more=b'': b'GET %s HTTP/1.1\r\nHost: www.example.test\r\n%s\r\n' % (path, more)
    go = lambda *p: say(address, 80, *p)
    go(get(b'/plain.json') + get(b'/missing') + b'HEAD / HTTP/1.1\r\nHost: www.example.test\r\n\r\n' + get(b'/data.txt', b'Connection: close\r\n'))   # pipelined
    go(b'GET /pla', b'in.json HT', b'TP/1.1\r\nHo', b'st: www.example.test\r', b'\nConnection: close\r\n', b'\r\n')    # cut anywhere
    go(b'GET /plain.json\r\n')                                       # 0.9
    go(b'GET /plain.json HTTP/1.0\r\n\r\n')
    go(b'\r\n\r\n' + get(b'/plain.json', b'Connection: close\r\n'))  # empty lines first
    go(b'GET http://www.example.test/plain.json HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n')
    go(b'BREW /pot HTTP/1.1\r\nHost: www.example.test\r\n\r\n')
    go(b'PROPFIND / HTTP/1.1\r\nHost: www.example.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    go(b'OPTIONS * HTTP/1.1\r\nHost: www.example.test\r\nConnection: close\r\n\r\n')
    go(b'POST /upload HTTP/1.1\r\nHost: www.example.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n', chunked(b'field=in chunks', 5))
    go(get(b'/' + b'u' * 3000, b'Connection: close\r\n'))
    go(get(b'/a%20b%2f%00%ff?q=%e2%82%ac', b'Connection: close\r\n'))
    go(b'GET /tab\there\x1b[31m HTTP/1.1\r\nHost: www.example.test\r\nUser-Agent: #fields\tid\r\n\r\n')
    go(b'GET / HTTP/1.1\r\nno colon here\r\n: no name\r\nHost: www.example.test\r\nConnection: close\r\n\r\n')
    go(get(b'/plain.json', b'X-Forwarded-For: 192.0.2.7\r\nVia: 1.1 proxy\r\nForwarded: for=192.0.2.8\r\nReferer: http://from.test/\r\nOrigin: http://from.test\r\nConnection: close\r\n'))
    go(b'GET / HTTP/1.1\r\nHost: ')                                  # never finished
    # Other protocols on HTTP's port.
    go(b'SSH-2.0-pretender\r\n')
    go(b'\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00')
    go(bytes(range(200)))


def odd(address, port):
    for path in ANSWERS:
        say(address, port, b'GET %s HTTP/1.1\r\nHost: odd.example.test\r\nUser-Agent: odd\r\n\r\n' % path)
    say(address, port, b'HEAD /deflate HTTP/1.1\r\nHost: odd.example.test\r\n\r\n')


async def websocket_server(port):
    import websockets

    async def echo(ws):
        async for m in ws:
            await ws.send(m)
    async with websockets.serve(echo, ['10.77.0.2', 'fd77::2'], port, subprotocols=['chat']):
        await asyncio.sleep(300)


async def websocket(url):
    import websockets
    for compression in None, 'deflate':
        async with websockets.connect(url, subprotocols=['chat'], compression=compression, origin='http://www.example.test') as ws:
            for m in 'hello', b'\x00\x01\x02binary', 'x' * 300, 'GET / HTTP/1.1\r\n\r\n':
                await ws.send(m)
                await ws.recv()
            await ws.send(iter_of('in ', 'three ', 'frames'))
            await ws.recv()
            await (await ws.ping(b'ping'))
            await ws.close(1001, 'going away')


async def iter_of(*parts):
    for p in parts:
        yield p


if __name__ == '__main__':
    what, rest = sys.argv[1], sys.argv[2:]
    if what == 'serve':
        serve(int(rest[0]))
    elif what == 'websocket-server':
        asyncio.run(websocket_server(int(rest[0])))
    elif what == 'websocket':
        asyncio.run(asyncio.wait_for(websocket(rest[0]), 30))
    elif what == 'raw':
        raw(rest[0])
    else:
        odd(rest[0], int(rest[1]))
