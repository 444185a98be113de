"""ARP that no stack sends: arp_odd.py DEVICE"""
import sys
from frames import *

line = Line(sys.argv[1])


def arp(op, smac, sip, tmac, tip, hw=1, proto=0x0800, hlen=6, plen=4, to=b'\xff' * 6):
    line.send(ether(struct.pack('!HHBBH', hw, proto, hlen, plen, op) + smac + packed(sip) + tmac + packed(tip), MAC_A, to, 0x0806))


arp(2, MAC_A, '192.0.2.101', MAC_B, '192.0.2.102', to=MAC_B)               # an unsolicited reply
arp(2, MAC_B, '192.0.2.101', MAC_A, '192.0.2.102', to=MAC_B)               # the sender's address is not the frame's
arp(1, MAC_A, '192.0.2.101', bytes(6), '192.0.2.102', hlen=7)              # wrong lengths
arp(1, MAC_A, '192.0.2.101', bytes(6), '192.0.2.102', plen=16)
arp(1, MAC_A, '192.0.2.101', bytes(6), '192.0.2.102', hw=6)                # not Ethernet
arp(1, MAC_A, '192.0.2.101', bytes(6), '192.0.2.102', proto=0x86dd)
arp(3, MAC_A, '0.0.0.0', MAC_A, '0.0.0.0')                                 # a RARP request with the Ethertype of ARP
arp(9, MAC_A, '192.0.2.101', bytes(6), '192.0.2.102')                      # unknown operation
line.s.send(ether(b'\0\x01\x08\0\x06\x04\0\x01' + MAC_A, MAC_A, MAC_B, 0x0806))   # cut short
line.send(ether(struct.pack('!HHBBH', 1, 0x0800, 6, 4, 3) + MAC_A + bytes(4) + MAC_A + bytes(4), MAC_A, b'\xff' * 6, 0x8035))
