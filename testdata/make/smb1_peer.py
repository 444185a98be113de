"""SMB1 that Samba's programs do not send, built by hand.

smb1_peer.py serve          replies on ports 139 and 445 until it is stopped
smb1_peer.py talk ADDRESS   old dialects, rare commands, transactions in parts, chains
smb1_peer.py odd ADDRESS    malformed messages, a connection per case
"""
import socket, struct, sys, threading, time

CREATE_DIRECTORY, CLOSE, QUERY_INFORMATION, CHECK_DIRECTORY, LOCKING = 0x00, 0x04, 0x08, 0x10, 0x24
TRANSACTION, TRANSACTION_SECONDARY, ECHO, READ, WRITE = 0x25, 0x26, 0x2b, 0x2e, 0x2f
TRANSACTION2, TRANSACTION2_SECONDARY, TREE_DISCONNECT, NEGOTIATE = 0x32, 0x33, 0x71, 0x72
SETUP, LOGOFF, TREE_CONNECT, NT_TRANSACT, NT_CREATE, NT_CANCEL, NONE = 0x73, 0x74, 0x75, 0xa0, 0xa2, 0xa4, 0xff

HEADER = 32
FILETIME = 133_000_000_000_000_000  # in June 2022
TEXT = b'a line of text in a file\r\n' * 40


def z(*names):
    return b''.join(n.encode() + b'\0' for n in names)


def block(words, data=b'', count=None):
    """Returns words and bytes of a command (MS-CIFS sections 2.2.3.2 and 2.2.3.3)."""
    return bytes([len(words) // 2]) + words + struct.pack('<H', len(data) if count is None else count) + data


def andx(command, offset, words):
    return struct.pack('<BBH', command, 0, offset) + words


def message(command, blocks, mid, reply=False, status=0, flags2=0x4001, tid=1, uid=100, pid=7, pad=b''):
    flags = 0x98 if reply else 0x18
    return (b'\xffSMB' + struct.pack('<BIBHH8xHHHHH', command, status, flags, flags2, 0, 0, tid, pid, uid, mid)
            + blocks + pad)


def chain(*commands):
    """Chains commands with AndX words, each given as (command, words after those, bytes)."""
    out, sizes = b'', []
    for command, words, data in commands:
        sizes.append(1 + 4 + len(words) + 2 + len(data))
    at = HEADER
    for i, (command, words, data) in enumerate(commands):
        at += sizes[i]
        last = i == len(commands) - 1
        out += block(andx(NONE if last else commands[i + 1][0], 0 if last else at, words), data)
    return out


def frame(m):
    return struct.pack('>I', len(m)) + m


class Wire:
    def __init__(self, s):
        self.s = s
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, m):
        self.s.sendall(frame(m))

    def bytes(self, n):
        b = b''
        while len(b) < n:
            got = self.s.recv(n - len(b))
            if not got:
                raise EOFError
            b += got
        return b

    def frame(self):
        head = self.bytes(4)
        return head[0], self.bytes(int.from_bytes(head[1:], 'big'))

    def ask(self, m, replies=1):
        self.send(m)
        for _ in range(replies):
            self.frame()
        time.sleep(.01)


# The server.

def negotiated(b, mid):
    if b'NT LM 0.12' in b:
        words = struct.pack('<HBHHIIIIQHB', b[35:].count(b'\2') - 1, 3, 50, 1, 16644, 65536, 0, 0x53fd, FILETIME, 0, 8)
        return message(NEGOTIATE, block(words, b'CHALLENG' + z('WORKGROUP', 'SERVER')), mid, True)
    if b'LANMAN' in b:  # 2.0 or 2.1
        words = struct.pack('<HHHHHHIHHHHH', 1, 3, 4356, 32, 1, 3, 0, 0x6b2f, 0x5a83, 60, 8, 0)
        return message(NEGOTIATE, block(words, b'CHALLENG' + z('WORKGROUP')), mid, True)
    return message(NEGOTIATE, block(struct.pack('<H', 0)), mid, True)


def answer(w, m):
    command, mid = m[4], struct.unpack_from('<H', m, 30)[0]
    words, b = m[33:], m[HEADER:]

    def reply(blocks, **kw):
        w.send(message(command, blocks, mid, True, **kw))

    empty = block(b'')
    if command == NEGOTIATE:
        w.send(negotiated(m, mid))
    elif command == SETUP:
        if b[1] == TREE_CONNECT:
            reply(chain((SETUP, struct.pack('<H', 1), z('Unix', 'Peer', 'WORKGROUP')),
                        (TREE_CONNECT, struct.pack('<H', 1), z('A:', 'FAT'))))
        else:
            reply(chain((SETUP, struct.pack('<H', 0), b'')))
    elif command == TREE_CONNECT:
        pipe = b'IPC' in m
        reply(chain((TREE_CONNECT, struct.pack('<H', 0) if pipe else b'', z('IPC') if pipe else z('A:', 'NTFS'))), tid=2 if pipe else 1)
    elif command == NT_CREATE:
        reply(chain((NT_CREATE, struct.pack('<BHIQQQQIQQHHB', 0, 0x4001, 1, FILETIME, FILETIME, FILETIME, FILETIME,
                                            0x20, 4096, len(TEXT), 0, 0, 0), b'')))
    elif command == READ:
        offset, size = struct.unpack_from('<IH', words, 6)
        data = TEXT[offset:offset + size]
        reply(chain((READ, struct.pack('<HHHHHHQ', 0, 0, 0, len(data), HEADER + 27 + 1, 0, 0), b'\0' + data)))
    elif command == WRITE:
        reply(chain((WRITE, struct.pack('<HHHH', *struct.unpack_from('<H', words, 20), 0, 0, 0), b'')))
    elif command == LOGOFF:
        reply(chain((LOGOFF, b'', b'')))
    elif command == ECHO:
        count, size = struct.unpack_from('<HH', words)
        for n in range(count):
            reply(block(struct.pack('<H', n + 1), words[4:4 + size]))
    elif command == QUERY_INFORMATION:
        reply(block(struct.pack('<HIIHHHHH', 0x20, 1654041600, len(TEXT), 0, 0, 0, 0, 0)))
    elif command in (CREATE_DIRECTORY, CHECK_DIRECTORY, TREE_DISCONNECT):
        reply(empty, pad=b'' if mid & 1 else b'\0')  # a reply with only a header has no event of its own
    elif command == CLOSE:
        reply(empty)
    elif command in (TRANSACTION, TRANSACTION2):
        total, = struct.unpack_from('<H', words, 2)
        here, = struct.unpack_from('<H', words, 22)
        if here < total:
            reply(empty)  # the interim response, which asks for the rest
            return
        data = b'what the pipe says'
        at = HEADER + 1 + 20 + 2
        reply(block(struct.pack('<HHHHHHHHHBB', 0, len(data), 0, 0, at, 0, len(data), at, 0, 0, 0), data))
    elif command in (TRANSACTION_SECONDARY, TRANSACTION2_SECONDARY):
        command = TRANSACTION if command == TRANSACTION_SECONDARY else TRANSACTION2
        at = HEADER + 1 + 20 + 2
        reply(block(struct.pack('<HHHHHHHHHBB', 2, 4, 0, 2, at, 0, 4, at + 2, 0, 0, 0), b'okdone'))
    elif command == NT_TRANSACT:
        reply(block(struct.pack('<3xIIIIIIIIB', 0, 0, 0, HEADER + 39, 0, 0, HEADER + 39, 0, 0)))
    elif command != NT_CANCEL:
        reply(empty, status=0xc0000002)


def serve(s):
    w = Wire(s)
    try:
        while True:
            kind, m = w.frame()
            if kind == 0x81:
                s.sendall(b'\x82\0\0\0')
            elif kind == 0 and len(m) >= HEADER + 3 and m[:4] == b'\xffSMB':
                answer(w, m)
    except (EOFError, OSError):
        s.close()


def listen(port):
    l = socket.socket()
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    l.bind(('', port))
    l.listen(16)
    while True:
        threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()


# The client.

def connect(address, port=445):
    w = Wire(socket.create_connection((address, port), 5))
    if port == 139:
        w.s.sendall(b'\x81\0\0\x44' + b'\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0' + b'\x20ENEFCACACACACACACACACACACACACACA\0')
        w.frame()
    return w


def dialects(*names):
    return block(b'', b''.join(b'\2' + z(n) for n in names))


def path(p):
    return block(b'', b'\4' + z(p))


def transaction(command, name, setup, params, data, rest=0):
    """Returns a transaction that leaves rest bytes of data to a secondary request."""
    name = name if command == TRANSACTION else b''
    fixed = HEADER + 1 + 28 + 2 * len(setup) + 2
    p = fixed + len(name)
    d = p + len(params)
    words = struct.pack('<HHHHBBHIHHHHHBB', len(params), len(data) + rest, 16, 1024, 0, 0, 0, 5000, 0,
                        len(params), p, len(data), d, len(setup), 0) + struct.pack('<%dH' % len(setup), *setup)
    return block(words, name + params + data)


def secondary(data, done, fid=None):
    extra = b'' if fid is None else struct.pack('<H', fid)
    at = HEADER + 1 + 16 + len(extra) + 2
    return block(struct.pack('<8H', 2, done + len(data), 2, at, 0, len(data), at + 2, done) + extra, b'PP' + data)


def logged_in(address, *names, port=445):
    w = connect(address, port)
    w.ask(message(NEGOTIATE, dialects(*names), 1, tid=0, uid=0))
    return w


LANMAN_SETUP = struct.pack('<HHHIHI', 4356, 2, 1, 0, 6, 0)
NTLM_SETUP = struct.pack('<HHHIHHII', 16644, 50, 0, 0, 3, 4, 0, 0x54)


def create(name, mid, **kw):
    words = struct.pack('<BHIIIQIIIIIB', 0, len(name), 0, 0, 0x12019f, 0, 0x80, 3, 1, 0, 2, 0)
    return message(NT_CREATE, chain((NT_CREATE, words, z(name))), mid, **kw)


def read(mid, offset, size, **kw):
    words = struct.pack('<HIHHIHI', 0x4001, offset, size, size, 0xffffffff, 0, 0)
    return message(READ, chain((READ, words, b'')), mid, **kw)


def write(mid, offset, data, **kw):
    words = struct.pack('<HIIHHHHHI', 0x4001, offset, 0, 0, 0, 0, len(data), HEADER + 31 + 1, 0)
    return message(WRITE, chain((WRITE, words, b'\0' + data)), mid, **kw)


def close(mid, fid=0x4001, **kw):
    return message(CLOSE, block(struct.pack('<HI', fid, 0)), mid, **kw)


def talk(address):
    # The core protocol, refused; then LAN Manager, with login and share in one message.
    w = logged_in(address, 'PC NETWORK PROGRAM 1.0')
    w.s.close()
    w = logged_in(address, 'PC NETWORK PROGRAM 1.0', 'LANMAN1.0', 'LM1.2X002', 'LANMAN2.1', port=139)
    w.ask(message(SETUP, chain((SETUP, LANMAN_SETUP, b'secret' + z('ANNA', 'WORKGROUP', 'DOS LANMAN 2.1', 'DOS LM 2.1')),
                               (TREE_CONNECT, struct.pack('<HH', 0, 1), b'\0' + z('\\\\SERVER\\FILES', 'A:'))), 2, tid=0, uid=0))
    for mid in (3, 4):
        w.ask(message(CREATE_DIRECTORY, path('\\new%d' % mid), mid))
        w.ask(message(CHECK_DIRECTORY, path('\\new%d' % mid), mid))
    w.ask(message(QUERY_INFORMATION, path('\\text.txt'), 5))
    w.ask(message(ECHO, block(struct.pack('<H', 2), b'are you there?'), 6), replies=2)
    w.ask(message(TREE_DISCONNECT, block(b''), 7))
    w.ask(message(TREE_DISCONNECT, block(b''), 8, pad=b'\0'))
    w.ask(message(LOGOFF, chain((LOGOFF, b'', b'')), 9))
    w.s.close()

    # NT LM 0.12 without extended security: a file read and written, in pieces out of order.
    w = logged_in(address, 'LANMAN1.0', 'NT LM 0.12')
    w.ask(message(SETUP, chain((SETUP, NTLM_SETUP, b'lm!nthx' + z('anna', 'WORKGROUP', 'Unix', 'Peer'))), 2, tid=0, uid=0))
    w.ask(message(TREE_CONNECT, chain((TREE_CONNECT, struct.pack('<HH', 0, 1), b'\0' + z('\\\\SERVER\\FILES', '?????'))), 3, tid=0))
    w.ask(create('\\text.txt', 4))
    w.send(read(6, 512, 512))
    w.ask(read(5, 0, 512), replies=2)
    w.ask(read(7, 1024, 512))
    w.ask(close(8))
    w.ask(create('\\new.txt', 9))
    w.ask(write(10, 600, TEXT[600:]))
    w.ask(write(11, 0, TEXT[:600]))
    w.ask(close(12))
    w.ask(message(TRANSACTION2, transaction(TRANSACTION2, b'', [16], struct.pack('<H', 4) + z('\\SERVER\\dfs\\there'), b''), 13))
    w.ask(message(TRANSACTION2, transaction(TRANSACTION2, b'', [1], struct.pack('<HHHHI', 22, 100, 6, 260, 0) + z('\\*.txt'), b''), 14))
    w.ask(message(TRANSACTION2, transaction(TRANSACTION2, b'', [5], struct.pack('<HI', 263, 0) + z('\\text.txt'), b''), 15))
    w.ask(message(TRANSACTION2, transaction(TRANSACTION2, b'', [6], b'PPPP', b'half', rest=4), 16))
    w.ask(message(TRANSACTION2_SECONDARY, secondary(b'rest', 4, 0x4001), 16))
    w.ask(message(NT_TRANSACT, block(struct.pack('<BHIIIIIIIIBH', 0, 0, 0, 0, 0, 0, 0, 76, 0, 76, 0, 4)), 17))
    w.send(message(NT_CANCEL, block(b''), 17))
    w.send(message(NT_CANCEL, block(b''), 17, pad=b'\0'))
    w.ask(message(0x06, path('\\old.txt'), 18))  # delete: a command without events
    w.s.close()

    # Named pipes: transactions, complete and in parts; a mailslot; and a pipe in an unknown
    # tree.
    w = logged_in(address, 'NT LM 0.12')
    w.ask(message(SETUP, chain((SETUP, NTLM_SETUP, b'lm!nthx' + z('anna', 'WORKGROUP', 'Unix', 'Peer'))), 2, tid=0, uid=0))
    w.ask(message(TREE_CONNECT, chain((TREE_CONNECT, struct.pack('<HH', 0, 1), b'\0' + z('\\\\SERVER\\IPC$', 'IPC'))), 3, tid=0))
    w.ask(message(TRANSACTION, transaction(TRANSACTION, z('\\PIPE\\'), [0x26, 0x4001], b'', b'for the pipe'), 4, tid=2))
    w.ask(message(TRANSACTION, transaction(TRANSACTION, z('\\PIPE\\'), [0x26, 0x4001], b'', b'in ', rest=5), 5, tid=2))
    w.ask(message(TRANSACTION_SECONDARY, secondary(b'parts', 3), 5, tid=2))
    w.ask(message(TRANSACTION, transaction(TRANSACTION, z('\\PIPE\\LANMAN'), [], b'\0\0WrLehDz\0B16BBDz\0\1\0\0\x10', b''), 6, tid=2))
    w.ask(message(TRANSACTION, transaction(TRANSACTION, z('\\MAILSLOT\\BROWSE'), [1, 0, 2], b'', b'\x01\x00announced'), 7, tid=2))
    w.ask(create('srvsvc', 8, tid=9))
    w.s.close()


def odd(address):
    def once(*messages):
        w = logged_in(address, 'NT LM 0.12')
        for m in messages:
            w.send(m)
            time.sleep(.02)
        w.s.close()

    logoffs = chain(*[(LOGOFF, b'', b'')] * 13)
    once(message(LOGOFF, logoffs, 2))                                          # deeper than the limit
    once(message(LOGOFF, block(andx(LOGOFF, HEADER, b'')) + block(andx(NONE, 0, b'')), 2))  # points at itself
    once(message(LOGOFF, block(andx(READ, 5, b'')), 2))                        # backwards
    once(message(LOGOFF, block(andx(LOGOFF, 0, b'')), 2))                      # nowhere
    once(message(LOGOFF, block(andx(LOGOFF, 60000, b'')) + block(andx(NONE, 0, b'')), 2))   # past the end
    once(write(2, 0, b'')[:-2] + b'\xff')                                      # cut
    once(message(WRITE, chain((WRITE, struct.pack('<HIIHHHHHI', 1, 0, 0, 0, 0, 9, 0, 64, 0), b'')), 2))  # more data than the message has
    once(message(READ, chain((READ, struct.pack('<HIHHIHI', 1, 0xfffffff0, 0xffff, 1, 0xffffffff, 0, 1), b'')), 2))  # beyond 4 GB
    once(message(LOCKING, chain((LOCKING, struct.pack('<HBBIHH', 1, 0x10, 0, 0, 0, 1), bytes(20))), 2), close(3))
    once(message(SETUP, block(b'\0' * 14), 2))                                 # words of unknown format
    once(message(TRANSACTION2, transaction(TRANSACTION2, b'', [1], b'', b'')[:40], 2))
    once(message(NT_CREATE, chain((NT_CREATE, struct.pack('<BHIIIQIIIIIB', 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                                   b'\0' + b'a\0\x3d\xd8')), 2, flags2=0xc001))  # ends in half a character
    once(message(TREE_CONNECT, chain((TREE_CONNECT, struct.pack('<HH', 0, 999), b'')), 2))  # a password longer than the message
    once(message(CLOSE, block(struct.pack('<HI', 99, 0)), 2), message(0xfe, block(b'12'), 3))  # unknown file, unknown command
    once(b'\xffSMB' + b'\x72' * 10)                                            # an incomplete header


if __name__ == '__main__':
    if sys.argv[1] == 'serve':
        threading.Thread(target=listen, args=(139,), daemon=True).start()
        listen(445)
    {'talk': talk, 'odd': odd}[sys.argv[1]](sys.argv[2])
