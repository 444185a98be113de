"""Connections that no socket opens: tcp_odd.py DEVICE GROUP"""
import sys
from frames import *

line = Line(sys.argv[1])


def states():
    c, s = connection(line, 8001, open=False)       # RSTOS0
    c.send(SYN); c.send(RST)
    c, s = connection(line, 8002, open=False)       # SH: SYN, FIN, never an answer
    c.send(SYN); c.send(FIN)
    c, s = connection(line, 8003, open=False)       # SHR: only the answering half of a handshake, then FIN
    c.seq += 1
    s.send(SYN | ACK); s.send(FIN | ACK)
    c, s = connection(line, 8004, open=False)       # RSTRH: only the answering half, then RST
    c.seq += 1
    s.send(SYN | ACK); s.send(RST | ACK)
    c, s = connection(line, 8005, open=False)       # OTH: data with no handshake, both directions
    c.send(ACK | PSH, b'in the middle\n'); s.send(ACK | PSH, b'of things\n'); c.send(ACK)
    c, s = connection(line, 8006, open=False)       # simultaneous open
    c.send(SYN); s.send(SYN)
    c.seq -= 1; c.send(SYN | ACK)
    s.seq -= 1; s.send(SYN | ACK)
    c.send(ACK | PSH, b'we both called\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8007)                   # SYN again with another sequence number
    c.send(SYN, at=70000); c.send(ACK | PSH, b'still the old one\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8008, open=False)       # data in the SYN without Fast Open
    c.send(SYN, b'early'); s.send(SYN | ACK); c.send(ACK | PSH, b' and late\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8009)                   # reset with data
    c.send(ACK | PSH, b'please\n'); s.send(RST | ACK, b'Go away, we are closed.')
    c, s = connection(line, 8010)                   # reset outside the window; the connection continues
    c.send(RST, at=1 << 30); c.send(ACK | PSH, b'not dead\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8011)                   # data after FIN
    c.send(FIN | ACK); c.send(ACK | PSH, b'one more thing\n', at=0); s.send(ACK); s.send(FIN | ACK)
    c, s = connection(line, 8012)                   # data far beyond the window
    c.send(ACK | PSH, b'far away', at=1 << 24); c.send(ACK | PSH, b'near\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8013, open=False)       # every flag at once; none
    c.send(FIN | SYN | RST | PSH | ACK | URG | ECE | CWR); c.send(0, at=0)
    c, s = connection(line, 8014)                   # SYN and FIN together after the handshake
    c.send(SYN | FIN | ACK); s.send(RST)
    c, s = connection(line, 8015)                   # address and ports reused right after the close
    c.send(ACK | PSH, b'first\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8015, seqs=(900000, 800000))
    c.send(ACK | PSH, b'second\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8016, seqs=(0xfffffff0, 0xfffffffa))    # both wrap
    c.send(ACK | PSH, b'across the end of the numbers\n'); s.send(ACK | PSH, b'here as well\n'); close(c, s)
    c, s = connection(line, 8017)                   # acknowledges what was never sent
    c.send(ACK | PSH, b'ten\n'); s.send(ACK, ack=c.seq + 5000); close(c, s)
    c, s = connection(line, 8018, src='2001:db8::101', dst='2001:db8::102')
    c.send(ACK | PSH, b'six\n', urgent=2); s.send(ACK | PSH | URG, b'urgent\n', urgent=3); close(c, s)
    c, s = connection(line, 8019, open=False)       # ports 0
    c.port = s.port = 0
    c.send(SYN); s.send(RST | ACK)


def overlap():
    c, s = connection(line, 8101)                   # the same bytes again, exactly
    c.send(ACK | PSH, b'AAAA' * 4); c.send(ACK | PSH, b'AAAA' * 4, at=-16); c.send(ACK | PSH, b'BBBB'); s.send(ACK); close(c, s)
    c, s = connection(line, 8102)                   # different bytes at the same place, after they were acknowledged
    c.send(ACK | PSH, b'GET /safe'); s.send(ACK); c.send(ACK | PSH, b'GET /evil', at=-9); c.send(ACK | PSH, b' HTTP/1.0\r\n\r\n')
    s.send(ACK); close(c, s)
    c, s = connection(line, 8103)                   # different bytes at the same place, with a hole below
    c.send(ACK | PSH, b'3333', at=8); c.send(ACK | PSH, b'CCCC', at=8); c.send(ACK | PSH, b'2222', at=4)
    c.send(ACK | PSH, b'1111'); c.seq += 8; s.send(ACK); close(c, s)
    c, s = connection(line, 8104)                   # starts below and ends above the buffered data
    c.send(ACK | PSH, b'4444', at=4); c.send(ACK | PSH, b'xxxx....xxxx', at=0); c.seq += 12; s.send(ACK); close(c, s)
    c, s = connection(line, 8105)                   # half old, half new
    c.send(ACK | PSH, b'0123456789'); c.send(ACK | PSH, b'56789abcde', at=-5); c.seq += 5; s.send(ACK); close(c, s)
    c, s = connection(line, 8106)                   # one byte per segment, backwards
    text = b'backwards it comes\n'
    for i in reversed(range(len(text))):
        c.send(ACK | PSH, text[i:i + 1], at=i)
    c.seq += len(text)
    s.send(ACK); close(c, s)
    c, s = connection(line, 8107)                   # a hole never filled, and never acknowledged
    c.send(ACK | PSH, b'above the hole\n', at=100); s.send(ACK); c.seq += 115; c.send(RST)
    c, s = connection(line, 8108)                   # a hole never filled, but acknowledged: the capture lost it
    c.send(ACK | PSH, b'before'); c.send(ACK | PSH, b'after\n', at=100); c.seq += 106; s.send(ACK)
    c.send(ACK | PSH, b'and on\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8109)                   # a FIN with a hole below
    c.send(ACK | PSH, b'start'); c.seq += 50; c.send(FIN | ACK); s.send(ACK, ack=c.seq - 51); s.send(FIN | ACK)
    c, s = connection(line, 8110)                   # the same in both directions, the reply first
    s.send(ACK | PSH, b'220 hi\r\n'); s.send(ACK | PSH, b'220 ho\r\n', at=-8); c.send(ACK | PSH, b'QUIT\r\n')
    c.send(ACK | PSH, b'NOOP\r\n', at=-6); s.send(ACK); close(c, s)
    c, s = connection(line, 8111)                   # a retransmission in larger pieces
    for i in range(6):
        c.send(ACK | PSH, b'%d' % i * 10)
    c.send(ACK | PSH, b''.join(b'%d' % i * 10 for i in range(6)), at=-60); s.send(ACK); close(c, s)
    c, s = connection(line, 8112, src='2001:db8::101', dst='2001:db8::102')
    c.send(ACK | PSH, b'upper', at=5); c.send(ACK | PSH, b'LOWER'); c.seq += 5; c.send(ACK | PSH, b'UPPER', at=-5)
    s.send(ACK); close(c, s)


def badsum():
    c, s = connection(line, 8201)                   # wrong TCP checksum, then the right one
    c.send(ACK | PSH, b'good one\n'); c.send(ACK | PSH, b'damaged!\n', bad=True, advance=False)
    c.send(ACK | PSH, b'repaired\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8202, open=False)       # a SYN
    c.send(SYN, bad=True, advance=False); c.send(SYN); s.send(SYN | ACK); c.send(ACK); close(c, s)
    c, s = connection(line, 8203)                   # of the IP header
    c.send(ACK | PSH, b'wrong header\n', badip=True, advance=False); c.send(ACK | PSH, b'right header\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8204)                   # a RST that must not count
    c.send(RST, bad=True, advance=False); c.send(ACK | PSH, b'alive\n'); s.send(ACK); close(c, s)
    c, s = connection(line, 8205, src='2001:db8::101', dst='2001:db8::102')
    s.send(ACK | PSH, b'bad answer', bad=True, advance=False); s.send(ACK | PSH, b'good answer'); c.send(ACK); close(c, s)
    for v in ('192.0.2.101', '192.0.2.102'), ('2001:db8::101', '2001:db8::102'):
        for kw in {}, {'bad': True}, {'nosum': True}:
            line.send(ether(ip(*v, 17, udp(v[0], 45000, v[1], 8206, b'datagram %r' % sorted(kw), **kw))))
        for bad in False, True:
            line.send(ether(ip(*v, 58 if ':' in v[0] else 1,
                               icmp(*v, 128 if ':' in v[0] else 8, 0, struct.pack('!HH', 77, bad) + b'ping', bad=bad))))
    line.send(ether(ip('192.0.2.101', '192.0.2.102', 17, udp('192.0.2.101', 45001, '192.0.2.102', 8207, b'x'), bad=True)))


{'states': states, 'overlap': overlap, 'badsum': badsum}[sys.argv[2]]()
