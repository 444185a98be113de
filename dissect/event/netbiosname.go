package event

// netBIOSNameLen is the length of an encoded NetBIOS name: two letters from A to P a
// byte (RFC 1001 section 14.1).
const netBIOSNameLen = 32

// AppendNetBIOSName appends the name that encoded stands for, without its last byte,
// which is the type, and without padding (Zeek's decode_netbios_name). It stops at
// the first byte that is not text and appends nothing if encoded is not a name.
func AppendNetBIOSName(dst, encoded []byte) []byte {
	if len(encoded) != netBIOSNameLen {
		return dst
	}
	var name [netBIOSNameLen / 2]byte
	n := 0
	for ; n < len(name); n++ {
		c, ok := netBIOSByte(encoded[2*n:])
		if !ok {
			return dst
		}
		// 1 and 2 surround the name of the browser service.
		if c >= 3 && c < ' ' || c > '~' {
			break
		}
		name[n] = c
	}
	n = min(n, len(name)-1)
	for n > 0 && (name[n-1] == ' ' || name[n-1] == 0) {
		n--
	}
	return append(dst, name[:n]...)
}

// NetBIOSNameType returns the type of an encoded NetBIOS name, its last byte, or 256
// if encoded is not a name (Zeek's decode_netbios_name_type).
func NetBIOSNameType(encoded []byte) uint64 {
	const none = 256
	if len(encoded) != netBIOSNameLen {
		return none
	}
	var last byte
	for i := 0; i < netBIOSNameLen; i += 2 {
		c, ok := netBIOSByte(encoded[i:])
		if !ok {
			return none
		}
		last = c
	}
	return uint64(last)
}

func netBIOSByte(b []byte) (c byte, ok bool) {
	for _, l := range b[:2] {
		if 'a' <= l && l <= 'z' {
			l -= 'a' - 'A'
		}
		if l < 'A' || l > 'P' {
			return 0, false
		}
		c = c<<4 | (l - 'A')
	}
	return c, true
}
