"""ICMP that ping does not send: icmp_odd.py DEVICE"""
import sys
from frames import *

line = Line(sys.argv[1])
C, S, c, s = '192.0.2.101', '192.0.2.102', '2001:db8::101', '2001:db8::102'


def four(src, dst, kind, code, body):
    line.send(ether(ip(src, dst, 1, icmp(src, dst, kind, code, body))))


def six(src, dst, kind, code, body):
    line.send(ether(ip(src, dst, 58, icmp(src, dst, kind, code, body), ttl=255)))


inner = ip(C, S, 17, udp(C, 45100, S, 53, b'q' * 20))
inner6 = ip(c, s, 17, udp(c, 45100, s, 53, b'q' * 20))
four(C, S, 13, 0, struct.pack('!HHIII', 1, 1, 1000, 0, 0))
four(S, C, 14, 0, struct.pack('!HHIII', 1, 1, 1000, 1010, 1011))
four(C, S, 17, 0, struct.pack('!HHI', 2, 1, 0))
four(S, C, 18, 0, struct.pack('!HH', 2, 1) + b'\xff\xff\xff\0')
four(C, S, 15, 0, struct.pack('!HH', 3, 1))
four(S, C, 16, 0, struct.pack('!HH', 3, 1))
four(S, C, 5, 1, packed('192.0.2.103') + inner[:28])             # redirect
four(S, C, 3, 3, bytes(4) + inner[:28])
four(S, C, 3, 3, bytes(4) + inner[:10])                          # the quoted packet is cut short
four(S, C, 4, 0, bytes(4) + inner[:28])                          # source quench
four(S, C, 12, 0, b'\x14\0\0\0' + inner[:28])                    # parameter problem
four(S, C, 11, 1, bytes(4) + inner[:28])                         # reassembly time exceeded
four(S, C, 0, 0, struct.pack('!HH', 9, 9) + b'an answer alone')
four(C, S, 8, 0, struct.pack('!HH', 4, 1) + b'a question alone')
four(C, '224.0.0.2', 10, 0, bytes(4))                            # router solicitation
four(S, '224.0.0.1', 9, 0, b'\x01\x02\x07\x08' + packed(S) + bytes(4))
four(C, S, 200, 7, b'unknown type')
line.send(ether(ip(C, S, 1, b'\x08')))                           # one byte of a header
mac = b'\x01\x01' + MAC_B
six(s, 'ff02::1', 134, 0, struct.pack('!BBHII', 64, 0xc0, 1800, 30000, 1000) + mac +
    struct.pack('!BBBBIII', 3, 4, 64, 0xc0, 86400, 14400, 0) + packed('2001:db8::') +
    struct.pack('!BBHI', 5, 1, 0, 1400) + struct.pack('!BBHI', 25, 3, 0, 600) + packed('2001:db8::53'))
six(c, 'ff02::2', 133, 0, bytes(4) + b'\x01\x01' + MAC_A)
six(c, 'ff02::1:ff00:102', 135, 0, bytes(4) + packed(s) + b'\x01\x01' + MAC_A)
six(s, c, 136, 0, b'\x60\0\0\0' + packed(s) + b'\x02\x01' + MAC_B)
six(s, c, 137, 0, bytes(4) + packed('fe80::1') + packed('2001:db8:9::1') + b'\x02\x01' + MAC_B + b'\x04\x08' + bytes(6) + inner6[:56])
six(s, c, 1, 4, bytes(4) + inner6[:48])
six(s, c, 2, 0, struct.pack('!I', 1280) + inner6[:48])
six(s, c, 3, 0, bytes(4) + inner6[:48])
six(s, c, 4, 1, struct.pack('!I', 6) + inner6[:48])
six(s, c, 136, 0, b'\x60\0\0\0' + packed(s) + b'\x02\0' + MAC_B)     # an option of length zero
six(c, s, 128, 0, struct.pack('!HH', 5, 1) + b'a question alone')
six(c, 'ff02::16', 143, 0, struct.pack('!HH', 0, 1) + b'\x04\0\0\0' + packed('ff02::fb'))
