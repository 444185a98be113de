package ntlm

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/value"

	"github.com/wirelog/wirelog/dissect/event"
)

// Attributes of AV_PAIRs (MS-NLMP section 2.2.2.1).
const (
	pairEnd = iota
	pairNBComputerName
	pairNBDomainName
	pairDNSComputerName
	pairDNSDomainName
	pairDNSTreeName
	pairFlags
	pairTimestamp
	pairSingleHost
	pairTargetName
	pairChannelBindings
)

// pairs reads AV_PAIRs into v and reports whether there was one that ends them, and whether
// they are well-formed. Names are only read if they are wanted.
func (a *analyzer) pairs(b []byte, v *event.NTLMAVs, wanted bool) (ended, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 {
			return false, false
		}
		id, length := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		var name *value.Opt[[]byte]
		switch id {
		case pairEnd:
			return true, true
		case pairNBComputerName:
			name = &v.NBComputerName
		case pairNBDomainName:
			name = &v.NBDomainName
		case pairDNSComputerName:
			name = &v.DNSComputerName
		case pairDNSDomainName:
			name = &v.DNSDomainName
		case pairDNSTreeName:
			name = &v.DNSTreeName
		case pairTargetName:
			name = &v.TargetName
		default:
			// Zeek does not look at the length of what is not a name.
			if length = fixedSize(id, b); length < 0 {
				return false, false
			}
		}
		if len(b) < length {
			return false, false
		}
		if name != nil {
			if wanted {
				*name = a.name(b[:length])
			}
		} else {
			number(id, b, v)
		}
		b = b[length:]
	}
	return false, true
}

// fixedSize is the size of a value that is not a name, of which b begins with as much as
// there is, or -1 if the attribute is not known.
func fixedSize(id uint16, b []byte) int {
	switch id {
	case pairFlags:
		return 4
	case pairTimestamp:
		return 8
	case pairSingleHost:
		// Size, four bytes of zero, flags, custom data if the flags say so, machine ID
		// (MS-NLMP section 2.2.2.2).
		if len(b) >= 12 && binary.LittleEndian.Uint32(b[8:])&1 != 0 {
			return 20
		}
		return 16
	case pairChannelBindings:
		return 2
	}
	return -1
}

// number reads a value of fixedSize, which is there.
func number(id uint16, b []byte, v *event.NTLMAVs) {
	switch id {
	case pairFlags:
		v.ConstrainedAuth = value.Some(binary.LittleEndian.Uint32(b)&pairFlagConstrained != 0)
	case pairTimestamp:
		v.Timestamp = value.Some(seconds(binary.LittleEndian.Uint64(b)))
	case pairSingleHost:
		at := fixedSize(id, b) - 4
		v.SingleHostID = value.Some(uint64(binary.LittleEndian.Uint32(b[at:])))
	}
}

// seconds is a FILETIME, which counts 100 nanoseconds since 1601, in seconds since the Unix
// epoch, to the precision that Zeek has.
func seconds(t uint64) float64 { return float64(t)/1e7 - 11644473600 }
