#!/usr/bin/env python3
"""RFB handshakes, a connection each.

rfb_peer.py serve        answers as the client's version and first byte ask for
rfb_peer.py use ADDRESS  every version and security type
"""
import socket, struct, sys, time

PORT = 5910
INIT = struct.pack(">HH", 640, 480) + bytes.fromhex("20180001 00ff00ff 00ff1008 00000000") + struct.pack(">I", 7) + b"by hand"
# Name, version of the client, security types of the server, type that the client selects.
CASES = [("none", 8, b"\1\2", 1), ("none, 3.7", 7, b"\1", 1), ("none, 3.3", 3, 1, 1), ("VNC, 3.3", 3, 2, 2),
         ("refused", 8, b"\2", 2), ("no types", 8, b"", 0), ("Apple", 889, b"\x1e", 30), ("VeNCrypt", 8, b"\x13", 19)]


def get(s, n):
    b = b""
    while len(b) < n:
        part = s.recv(n - len(b))
        if not part:
            raise EOFError
        b += part
    return b


def server(s, name, version, types, selected):
    s.sendall(b"RFB 003.%03d\n" % (889 if version == 889 else 8))
    get(s, 12)
    if isinstance(types, int):
        s.sendall(struct.pack(">I", types))
    elif not types:
        s.sendall(b"\0" + struct.pack(">I", 3) + b"why")
        return
    else:
        s.sendall(bytes([len(types)]) + types)
        get(s, 1)
    if selected == 2:
        s.sendall(bytes(range(16)))
        get(s, 16)
    elif selected == 30:
        s.sendall(struct.pack(">HH", 2, 128) + b"p" * 256)
        get(s, 256)
    elif selected == 19:
        s.sendall(b"\0\2")
        return
    if name == "refused":
        s.sendall(struct.pack(">I", 1) + struct.pack(">I", 3) + b"bad")
        return
    if selected != 1 or version > 7:
        s.sendall(struct.pack(">I", 0))
    get(s, 1)
    s.sendall(INIT)
    time.sleep(0.2)
    s.sendall(bytes.fromhex("02"))


def client(s, name, version, types, selected):
    get(s, 12)
    s.sendall(b"RFB 003.%03d\n" % version)
    if isinstance(types, int):
        get(s, 4)
    else:
        n = get(s, 1)[0]
        if n == 0:
            get(s, 7)
            return
        get(s, n)
        s.sendall(bytes([selected]))
    if selected == 2:
        get(s, 16)
        s.sendall(bytes(16))
    elif selected == 30:
        get(s, 260)
        s.sendall(b"c" * 256)
    elif selected == 19:
        get(s, 2)
        return
    if selected != 1 or version > 7:
        if get(s, 4)[3]:
            get(s, 7)
            return
    s.sendall(b"\1")
    get(s, len(INIT))
    for message in ("00000000 20180001 00ff00ff 00ff1008 00000000", "02 00 0002 00000000 00000001", "03 01 0000 0000 0010 0010",
                    "04 01 0000 0000ff0d", "05 01 0001 0002", "06 000000 00000003 637574"):
        s.sendall(bytes.fromhex(message))
        time.sleep(0.02)
    get(s, 1)


if sys.argv[1] == "serve":
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("10.77.0.2", PORT))
    listener.listen()
    for case in CASES:
        s, _ = listener.accept()
        try:
            server(s, *case)
            while s.recv(4096):
                pass
        except OSError:
            pass
        s.close()
else:
    for case in CASES:
        s = socket.create_connection((sys.argv[2], PORT))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client(s, *case)
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
        s.close()
        time.sleep(0.05)
