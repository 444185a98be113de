"""A cable with scripted faults, for machines whose kernel lacks sch_netem.

wire.py DEV1 DEV2 RULE...   forwards frames between two devices of its namespace.

A rule is PORT/FROM/WHAT/N=ACTION: the N-th (from 1) TCP packet over server port
PORT sent by FROM (client or server) that is WHAT (syn, fin, data or ack) is
drop[ped], dup[licated], held (swap) until the next one has passed, damaged
(flip) in its last byte, or late (sent again half a second later).
"""
import select, socket, struct, sys, threading

PACKET_OUTGOING = 4


def device(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 0))
    return s


def rules(args):
    r = {}
    for a in args:
        match, action = a.split('=')
        port, frm, what, n = match.split('/')
        r[int(port), frm, what, int(n)] = action
    return r


def classify(f):
    """Returns the (port, from) pairs that a frame may match, and its kind."""
    if f[12:14] == b'\x08\x00' and f[23] == 6:
        ip, t, total = 14, 14 + (f[14] & 15) * 4, struct.unpack('!H', f[16:18])[0]
        end = ip + total
    elif f[12:14] == b'\x86\xdd' and f[20] == 6:
        t, end = 54, 54 + struct.unpack('!H', f[18:20])[0]
    else:
        return None
    sport, dport = struct.unpack('!HH', f[t:t + 4])
    flags, size = f[t + 13], end - t - (f[t + 12] >> 4) * 4
    what = 'syn' if flags & 2 else 'fin' if flags & 1 else 'data' if size else 'ack'
    return ((dport, 'client'), (sport, 'server')), what


def main():
    one, two, todo = device(sys.argv[1]), device(sys.argv[2]), rules(sys.argv[3:])
    other, seen, held = {one: two, two: one}, {}, {}
    while True:
        for s in select.select([one, two], [], [])[0]:
            f, addr = s.recvfrom(65536)
            if addr[2] == PACKET_OUTGOING:
                continue
            action, to = None, other[s]
            c = classify(f)
            for side in c[0] if c else ():
                key = side + (c[1],)
                seen[key] = seen.get(key, 0) + 1
                action = action or todo.get(key + (seen[key],))
            if action == 'drop':
                continue
            if action == 'swap':
                held[s] = f
                continue
            if action == 'flip':
                f = f[:-1] + bytes([f[-1] ^ 0x20])
            to.send(f)
            if action == 'dup':
                to.send(f)
            if action == 'late':
                threading.Timer(0.5, to.send, [f]).start()
            if s in held:
                to.send(held.pop(s))


main()
