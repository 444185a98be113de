package icmp

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// Neighbor discovery options (RFC 4861 section 4.6).
const (
	ndSourceLink = 1
	ndTargetLink = 2
	ndPrefix     = 3
	ndRedirected = 4
	ndMTU        = 5

	ndPrefixLen     = 30 // after type and length
	ndRedirectedRsv = 6
	ndMTULen        = 6
)

// options reads the options of a neighbor discovery message. The slice is
// reused for the next message.
func (a *Analyzer) options(b []byte) []event.ICMP6NDOption {
	a.nd = a.nd[:0]
	for len(b) > 0 {
		if len(b) < 2 {
			a.weird = Weird{Name: "truncated_ICMPv6_ND_options"}
			break
		}
		if b[1] == 0 {
			a.weird = Weird{Name: "zero_length_ICMPv6_ND_option"}
			break
		}
		typ, size := b[0], int(b[1])*8-2
		opt := event.ICMP6NDOption{OType: uint64(typ), Len: uint64(b[1])}
		b = b[2:]
		known := false
		switch typ {
		case ndSourceLink, ndTargetLink:
			if known = len(b) >= size; known {
				opt.LinkAddress = value.Some(b[:size])
			}
		case ndPrefix:
			if known = len(b) >= ndPrefixLen; known {
				opt.Prefix = value.Some(event.ICMP6NDPrefixInfo{
					PrefixLen:         uint64(b[0]),
					LFlag:             b[1]&0x80 != 0,
					AFlag:             b[1]&0x40 != 0,
					ValidLifetime:     seconds(b[2:]),
					PreferredLifetime: seconds(b[6:]),
					Prefix:            addr6(b[14:30]),
				})
			}
		case ndRedirected:
			if known = len(b) >= size; known {
				opt.Redirect.OK = true
				a.quote6(b[ndRedirectedRsv:size], &opt.Redirect.V)
			}
		case ndMTU:
			if known = len(b) >= ndMTULen; known {
				opt.MTU = value.Some(uint64(binary.BigEndian.Uint32(b[2:])))
			}
		}
		if !known {
			opt.Payload = value.Some(b[:min(size, len(b))])
		}
		a.nd = append(a.nd, opt)
		b = b[min(size, len(b)):]
	}
	return a.nd
}
