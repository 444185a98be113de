#!/usr/bin/env python3
"""Sends what Samba does not: every packet of the NetBIOS session service, compounds that
point to themselves or past the end, wrong lengths, requests that are never answered.

    smb2_peer.py server           listens on 139 and 445, and sends only what it is told
    smb2_peer.py client ADDRESS   runs both sides of every conversation: it tells the server
                                  what to send by a line of hexadecimal on port 7002
"""
import socket
import struct
import sys
import threading
import time

CONTROL = 7002


def frame(body, kind=0):
    return struct.pack(">BBH", kind, len(body) >> 16, len(body) & 0xFFFF) + body


def header(command, mid, tid=0, reply=False, status=0, next_command=0, flags=0):
    return struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, status, command, 1, flags | (1 if reply else 0),
                       next_command, mid, 0xFEFF, tid, 7, bytes(16))


def wide(text):
    return text.encode("utf-16-le")


def tree_connect(mid, path):
    p = wide(path)
    return header(3, mid) + struct.pack("<HHHH", 9, 0, 72, len(p)) + p


def tree_connected(mid, tid, kind=1):
    return header(3, mid, tid, True) + struct.pack("<HBBIII", 16, kind, 0, 0, 0, 0x1F01FF)


def create(mid, tid, name, options=0, next_command=0):
    n = wide(name)
    return header(5, mid, tid, next_command=next_command) + struct.pack(
        "<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, 0x12019F, 0, 7, 1, options, 120, len(n), 0, 0) + n


def created(mid, tid, fid, size=0, filetime=132985152000000000):
    return header(5, mid, tid, True) + struct.pack(
        "<HBBIQQQQQQIIQQII", 89, 0, 0, 1, *([filetime] * 4), size, size, 0x20, 0, fid, fid, 0, 0)


def read(mid, tid, fid, offset, n):
    return header(8, mid, tid) + struct.pack("<HBBIQQQIIIHH", 49, 0, 0, n, offset, fid, fid, 0, 0, 0, 0, 0) + b"\0"


def data(mid, tid, b):
    return header(8, mid, tid, True) + struct.pack("<HBBIII", 17, 80, 0, len(b), 0, 0) + b


def write(mid, tid, fid, offset, b):
    return header(9, mid, tid) + struct.pack("<HHIQQQIIHHI", 49, 112, len(b), offset, fid, fid, 0, 0, 0, 0, 0) + b


def written(mid, tid, n):
    return header(9, mid, tid, True) + struct.pack("<HHIIHH", 17, 0, n, 0, 0, 0)


def close(mid, tid, fid):
    return header(6, mid, tid) + struct.pack("<HHIQQ", 24, 0, 0, fid, fid)


def set_info(mid, tid, fid, level, body, kind=1):
    return header(17, mid, tid) + struct.pack("<HBBIHHIQQ", 33, kind, level, len(body), 96, 0, 0, fid, fid) + body


def pad(b, n=8):
    return b + bytes(-len(b) % n)


def chain(*messages):
    out = b""
    for i, m in enumerate(messages):
        if i < len(messages) - 1:
            m = pad(m)
            m = m[:20] + struct.pack("<I", len(m)) + m[24:]
        out += m
    return out


class Talk:
    """One connection; the client controls both ends."""

    def __init__(self, address, port):
        self.control = socket.create_connection((address, CONTROL))
        self.answers = self.control.makefile("r")
        self.sock = socket.create_connection((address, port))
        self.control.sendall(f"{self.sock.getsockname()[1]}\n".encode())
        self.answers.readline()

    def client(self, b):
        self.sock.sendall(b)
        time.sleep(0.02)

    def server(self, b):
        self.control.sendall(b.hex().encode() + b"\n")
        self.answers.readline()
        time.sleep(0.02)

    def end(self):
        self.sock.close()
        self.control.close()
        time.sleep(0.05)


def session_service(address):
    name = lambda s, kind: b"\x20" + b"".join(
        bytes([65 + (c >> 4), 65 + (c & 15)]) for c in s.ljust(15).encode() + bytes([kind])) + b"\0"
    names = name("SERVER", 0x20) + name("CLIENT", 0)
    t = Talk(address, 139)
    t.client(frame(names, 0x81))
    t.server(frame(b"", 0x82))
    t.client(frame(tree_connect(1, r"\\SERVER\files")))
    t.server(frame(tree_connected(1, 5)))
    t.client(frame(b"", 0x85))
    t.server(frame(b"", 0x85))
    t.client(frame(b"not SMB at all"))
    t.client(frame(header(13, 2, 5) + struct.pack("<HH", 4, 0)))
    t.server(frame(header(13, 2, 5, True) + struct.pack("<HH", 4, 0)))
    t.server(frame(b"", 0x87))
    t.end()
    for refusal in (frame(b"\x82", 0x83), frame(bytes([10, 77, 0, 9]) + struct.pack(">H", 139), 0x84)):
        t = Talk(address, 139)
        t.client(frame(names, 0x81))
        t.server(refusal)
        t.end()


def files(address):
    text = b"".join(b"%04d: some text of a file\n" % i for i in range(120))
    t = Talk(address, 445)
    t.client(frame(tree_connect(1, r"\\SERVER\files")))
    t.server(frame(tree_connected(1, 5)))
    # Several messages per frame, several frames per segment, one byte per segment.
    t.client(frame(chain(create(2, 5, "read.txt"), create(3, 5, "write.txt", 0x1000))))
    t.server(frame(chain(created(2, 5, 11, len(text)), created(3, 5, 12))))
    reads = [read(4, 5, 11, 1000, 1000), read(5, 5, 11, 0, 1000), read(6, 5, 11, 2000, 2000)]
    t.client(b"".join(frame(r) for r in reads))
    # Interleaved, out of order, one of them asynchronous first.
    pending = header(8, 5, 0, True, 0x103, flags=2) + struct.pack("<HBBIB", 9, 0, 0, 0, 0)
    t.server(frame(pending))
    t.server(frame(data(4, 5, text[1000:2000])))
    t.client(frame(write(7, 5, 12, 500, b"b" * 500)))
    t.server(frame(data(5, 5, text[:1000])) + frame(written(7, 5, 500)))
    for b in frame(write(8, 5, 12, 0, b"a" * 40)):
        t.sock.sendall(bytes([b]))
        time.sleep(0.001)
    t.server(frame(data(6, 5, text[2000:])))
    rename = struct.pack("<B7xQI", 1, 0, 16) + wide("moved.md")
    t.client(frame(set_info(9, 5, 12, 10, rename)))
    t.client(frame(set_info(10, 5, 12, 13, b"\1")))
    t.client(frame(set_info(11, 5, 12, 4, struct.pack("<QQQQII", 0, 0, 132985152000000000, 0, 2, 0))))
    for mid in (9, 10, 11):
        t.server(frame(header(17, mid, 5, True) + struct.pack("<H", 2)))
    t.client(frame(close(12, 5, 11)) + frame(close(13, 5, 12)))
    t.client(frame(header(4, 14, 5) + struct.pack("<HH", 4, 0)))
    t.server(frame(header(4, 14, 5, True) + struct.pack("<HH", 4, 0)))
    t.end()


def pipes(address):
    t = Talk(address, 445)  # the connection to IPC$ is missing
    t.client(frame(create(1, 9, "srvsvc")))
    t.server(frame(created(1, 9, 21, 0, 0)))
    bind = bytes.fromhex("05000b03100000004800000001000000b810b8100000000001000000000001"
                         "00c84f324b7016d30112785a47bf6ee18803000000045d888aeb1cc9119fe808002b10486002000000")
    t.client(frame(write(2, 9, 21, 0, bind)))
    t.server(frame(written(2, 9, len(bind))))
    t.client(frame(close(3, 9, 21)))
    t.end()


def lies(address):
    for body in (
        chain(create(2, 5, "a"), create(3, 5, "b"))[:200],              # ends in the middle
        header(5, 2, 5, next_command=4) + bytes(60),                     # points into itself
        header(5, 2, 5, next_command=0xFFFFFF00) + bytes(60),            # points far past the end
        header(9, 2, 5) + struct.pack("<HHIQQQIIHHI", 49, 112, 0x7FFFFFFF, 0, 1, 1, 0, 0, 0, 0, 0) + b"x",
        header(3, 2) + struct.pack("<HHHH", 9, 0, 0xFFFF, 0xFFFF),
        header(17, 2, 5) + struct.pack("<HBBIHHIQQ", 33, 1, 10, 8, 96, 0, 0, 1, 1) + bytes(16) + b"\xff\xff\xff\xff",
    ):
        t = Talk(address, 445)
        t.client(frame(tree_connect(1, r"\\SERVER\files")))
        t.server(frame(tree_connected(1, 5)))
        t.client(frame(body))
        t.client(frame(header(13, 9, 5) + struct.pack("<HH", 4, 0)))
        t.end()
    t = Talk(address, 445)  # never answered
    for i in range(30):
        t.sock.sendall(frame(header(13, i, 5) + struct.pack("<HH", 4, 0)))
    t.end()
    t = Talk(address, 445)  # a frame longer than any valid one
    t.client(frame(tree_connect(1, r"\\SERVER\files")))
    t.client(b"\0\xff\xff\xff" + header(13, 2, 5))
    t.end()


def serve():
    talks = {}
    waiting = threading.Condition()

    def accept(port):
        s = socket.create_server(("", port))
        while True:
            c, peer = s.accept()
            threading.Thread(target=swallow, args=(c,), daemon=True).start()
            with waiting:
                talks[peer[1]] = c
                waiting.notify_all()

    def swallow(c):
        try:
            while c.recv(65536):
                pass
        except OSError:
            pass

    def obey(c):
        f = c.makefile("r")
        port = int(f.readline())
        with waiting:
            waiting.wait_for(lambda: port in talks)
        c.sendall(b"\n")
        for line in f:
            talks[port].sendall(bytes.fromhex(line))
            c.sendall(b"\n")
        talks[port].close()

    for port in (139, 445):
        threading.Thread(target=accept, args=(port,), daemon=True).start()
    s = socket.create_server(("", CONTROL))
    while True:
        c, _ = s.accept()
        threading.Thread(target=obey, args=(c,), daemon=True).start()


if sys.argv[1] == "server":
    serve()
else:
    for talk in (session_service, files, pipes, lies):
        talk(sys.argv[2])
