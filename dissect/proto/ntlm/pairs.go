package ntlm

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// AV_PAIR attributes (MS-NLMP section 2.2.2.1).
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

// pairs parses AV_PAIRs into v. ended reports whether the list has a terminator, ok whether it
// is well-formed. Names are decoded only if wanted.
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
			// Zeek ignores the length of pairs other than names.
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

// fixedSize returns the size of a value that is not a name, or -1 if the attribute is unknown.
// b begins with the value, possibly truncated.
func fixedSize(id uint16, b []byte) int {
	switch id {
	case pairFlags:
		return 4
	case pairTimestamp:
		return 8
	case pairSingleHost:
		// Size, four zero bytes, flags, custom data if flagged, machine ID (MS-NLMP section
		// 2.2.2.2).
		if len(b) >= 12 && binary.LittleEndian.Uint32(b[8:])&1 != 0 {
			return 20
		}
		return 16
	case pairChannelBindings:
		return 2
	}
	return -1
}

// number parses a value of fixedSize bytes, which must be present.
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

// seconds converts a FILETIME, in units of 100 ns since 1601, to seconds since the Unix epoch,
// with Zeek's precision.
func seconds(t uint64) float64 { return float64(t)/1e7 - 11644473600 }
