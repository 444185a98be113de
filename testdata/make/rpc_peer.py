"""A client of MOUNT and NFS version 3 (RFC 1813), for the procedures that no tool calls.

Usage: rpc_peer.py SERVER. It calls over TCP, and NULL and GETATTR over UDP too."""

import socket
import struct
import sys

server = sys.argv[1]
xid = 0x1000


def u(*values):
    return struct.pack(">%dI" % len(values), *values)


def o(data):
    return u(len(data)) + data + bytes(-len(data) % 4)


def call(s, program, procedure, args=b""):
    """Calls a procedure and returns its results."""
    global xid
    xid += 1
    auth = o(u(0x1234) + o(b"client") + u(0, 0, 2, 0, 100))
    m = u(xid, 0, 2, program, 3, procedure, 1) + auth + u(0, 0) + args
    if s.type == socket.SOCK_DGRAM:
        s.send(m)
        return s.recv(65536)[24:]
    s.sendall(u(0x80000000 | len(m)) + m)
    reply = b""
    while True:
        mark = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
        reply += s.recv(mark & 0x7FFFFFFF, socket.MSG_WAITALL)
        if mark & 0x80000000:
            return reply[24:]


def handle(results):
    """Returns the handle of a reply of CREATE, MKDIR or LOOKUP."""
    at = 4
    if struct.unpack(">I", results[4:8])[0] == 1:  # a flag before it
        at = 8
    n = struct.unpack(">I", results[at : at + 4])[0]
    return results[at + 4 : at + 4 + n]


def tcp(port):
    return socket.create_connection((server, port), timeout=10)


mount = tcp(20048)
call(mount, 100005, 0)
root = call(mount, 100005, 1, o(b"/export"))
root = root[8 : 8 + struct.unpack(">I", root[4:8])[0]]
call(mount, 100005, 1, o(b"/nowhere"))
call(mount, 100005, 2)
call(mount, 100005, 5)

none = u(0, 0, 0, 0, 0, 0)  # attributes that stay
nfs = tcp(2049)
call(nfs, 100003, 1, o(root))
folder = handle(call(nfs, 100003, 9, o(root) + o(b"folder") + none))
file = handle(call(nfs, 100003, 8, o(folder) + o(b"file") + u(0) + none))
call(nfs, 100003, 7, o(file) + u(0, 0, 5, 2) + o(b"hello"))
call(nfs, 100003, 6, o(file) + u(0, 0, 100))
call(nfs, 100003, 6, o(file) + u(0, 2, 2))
call(nfs, 100003, 2, o(file) + u(1, 0o600, 0, 0, 1, 0, 3, 2, 1700000000, 5, 1) + u(0))
call(nfs, 100003, 2, o(file) + none + u(1, 1, 1))  # guarded by another time
call(nfs, 100003, 4, o(file) + u(63))
link = call(nfs, 100003, 10, o(folder) + o(b"link") + u(0, 0, 0, 0, 2, 1700000000, 0, 0) + o(b"file"))
call(nfs, 100003, 5, o(handle(link)))
call(nfs, 100003, 15, o(file) + o(folder) + o(b"twin"))
call(nfs, 100003, 3, o(folder) + o(b"twin"))
call(nfs, 100003, 3, o(folder) + o(b"nothing"))
call(nfs, 100003, 16, o(folder) + u(0, 0, 0, 0, 4096))
call(nfs, 100003, 17, o(folder) + u(0, 0, 0, 0, 4096, 8192))
call(nfs, 100003, 14, o(folder) + o(b"twin") + o(root) + o(b"moved"))
call(nfs, 100003, 13, o(root) + o(b"folder"))  # not empty
for name in (b"file", b"link"):
    call(nfs, 100003, 12, o(folder) + o(name))
call(nfs, 100003, 13, o(root) + o(b"folder"))
for procedure in (18, 19, 20):
    call(nfs, 100003, procedure, o(root))
call(nfs, 100003, 21, o(file) + u(0, 0, 0))
call(mount, 100005, 3, o(b"/export"))
call(mount, 100005, 4)

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(10)
udp.connect((server, 2049))
call(udp, 100003, 0)
call(udp, 100003, 1, o(root))
