#!/usr/bin/env python3
"""Gnutella (the Gnutella Protocol Specification, version 0.6), a connection per case.

gnutella_peer.py serve        answers as the client's User-Agent, the name of a case, asks for
gnutella_peer.py use ADDRESS  every case

The cases: messages of every type, whole and in pieces; a refusal; a close before the handshake
has ended; a message whose header, and one whose payload, never becomes complete; a file by HTTP.
"""
import socket, struct, sys, threading, time

PORTS = 6346, 6347
CASES = "messages", "pieces", "refusal", "silence", "header", "payload"
PING, PONG, BYE, ROUTES, VENDOR, PUSH, QUERY, HIT = 0, 1, 2, 0x30, 0x31, 0x40, 0x80, 0x81
ADDRESS = socket.inet_aton("10.77.0.2")


def message(kind, payload=b"", ttl=4, hops=0, length=None):
    """Returns a message; its header may lie about the length."""
    ident = bytes(range(8)) + b"\xff" + bytes(range(9, 15)) + b"\0"
    return ident + bytes([kind, ttl, hops]) + struct.pack("<I", len(payload) if length is None else length) + payload


def pong():
    return message(PONG, struct.pack("<H4sII", 6346, ADDRESS, 12, 3400), ttl=1, hops=1)


def hit():
    result = struct.pack("<II", 1, 4096) + b"noise.bin\0\0"
    return message(HIT, b"\1" + struct.pack("<H4sI", 6346, ADDRESS, 100) + result + bytes(range(16)), hops=2)


def headers(s):
    """Reads lines up to an empty one."""
    b = b""
    while not b.endswith(b"\r\n\r\n"):
        part = s.recv(1)
        if not part:
            raise EOFError
        b += part
    return b.decode().split("\r\n")[:-2]


def send(s, b, size=None):
    for i in range(0, len(b), size or len(b)):
        s.sendall(b[i:i + (size or len(b))])
        if size:
            time.sleep(0.01)


def server(s):
    with s:
        try:
            lines = headers(s)
        except EOFError:
            return
        if lines[0].startswith("GET"):
            body = b"x" * 1000
            s.sendall(b"HTTP/1.1 206 Partial Content\r\nServer: by hand\r\nContent-Type: application/binary\r\n"
                      b"Content-Length: %d\r\nContent-Range: bytes 0-999/4096\r\n\r\n" % len(body) + body)
            return
        case = next((l.split()[1] for l in lines if l.startswith("User-Agent")), "")
        if case == "refusal":
            s.sendall(b"GNUTELLA/0.6 503 Busy\r\nUser-Agent: by hand\r\nX-Try: 192.0.2.7:6346\r\n\r\n")
            return
        s.sendall(b"GNUTELLA/0.6 200 OK\r\nUser-Agent: by hand\r\nX-Ultrapeer: True\r\n\r\n")
        try:
            headers(s)
        except EOFError:
            return
        size = 7 if case == "pieces" else None
        time.sleep(0.1)
        send(s, pong() + hit() + message(ROUTES, b"\0\0\0\1\0\7"), size)
        send(s, message(VENDOR, bytes(range(256)) * 6), 600)  # longer than what is kept
        if case == "payload":
            send(s, message(HIT, b"cut off", length=3000))
        while s.recv(1000):
            pass


def client(address, case):
    s = socket.create_connection((address, PORTS[CASES.index(case) % 2]))
    with s:
        s.sendall(f"GNUTELLA CONNECT/0.6\r\nUser-Agent: {case}\r\nX-Ultrapeer: False\r\n\r\n".encode())
        if case == "silence":
            return
        if " 200 " not in headers(s)[0]:
            return
        s.sendall(b"GNUTELLA/0.6 200 OK\r\n\r\n" + message(PING, ttl=1))
        size = 5 if case == "pieces" else None
        send(s, message(QUERY, b"\0\0noise\0") + message(PUSH, bytes(26), hops=1), size)
        time.sleep(0.3)
        if case == "header":
            s.sendall(message(QUERY)[:12])
        elif case == "payload":
            s.sendall(message(QUERY, b"\0\0noi", length=8))
        else:
            s.sendall(message(BYE, struct.pack("<H", 200) + b"Goodbye\r\n", ttl=1))
        time.sleep(0.2)


if sys.argv[1] == "serve":
    for port in PORTS:
        listener = socket.create_server(("", port))

        def serve(listener=listener):
            while True:
                threading.Thread(target=server, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=port != PORTS[-1]).start()
else:
    for case in CASES:
        client(sys.argv[2], case)
    with socket.create_connection((sys.argv[2], PORTS[0])) as s:
        s.sendall(b"GET /get/1/noise.bin HTTP/1.1\r\nUser-Agent: by hand\r\nHost: 10.77.0.2:6346\r\nRange: bytes=0-999\r\n\r\n")
        while s.recv(1000):
            pass
