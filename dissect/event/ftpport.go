package event

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/wirelog/wirelog/value"
)

// FTPPort is an address and port as FTP commands and replies name them (Zeek's
// ftp_port). Unless it is valid, the address and port are zero.
type FTPPort struct {
	H     netip.Addr
	P     value.Port
	Valid bool
}

// ParseFTPPort reads the argument of PORT, six numbers with commas between them, such
// as "10,0,0,1,4,31" (RFC 959 section 4.1.2; Zeek's parse_ftp_port).
func ParseFTPPort(s []byte) FTPPort {
	none := FTPPort{H: netip.IPv4Unspecified(), P: value.Port{Proto: value.ProtoTCP}}
	if len(s) < len("0,0,0,0,0,0") {
		return none
	}
	var v [6]byte
	for i := range v {
		if i > 0 {
			if len(s) == 0 || s[0] != ',' {
				return none
			}
			s = s[1:]
		}
		n, rest, ok := leadingNumber(s)
		if !ok || n < 0 || n > 255 {
			return none
		}
		v[i], s = byte(n), rest
	}
	return FTPPort{H: netip.AddrFrom4([4]byte(v[:4])), P: value.Port{Num: uint16(v[4])<<8 | uint16(v[5]), Proto: value.ProtoTCP}, Valid: true}
}

// leadingNumber reads a decimal number as C's strtol does: after white space and a
// sign. The value of an overflowing number does not matter.
func leadingNumber(s []byte) (n int, rest []byte, ok bool) {
	s = bytes.TrimLeft(s, " \t\n\v\f\r")
	neg := false
	if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
		neg = s[0] == '-'
		s = s[1:]
	}
	for len(s) > 0 && '0' <= s[0] && s[0] <= '9' {
		n = min(n*10+int(s[0]-'0'), 1<<31)
		s = s[1:]
		ok = true
	}
	if neg {
		n = -n
	}
	return n, s, ok
}

// ParseEFTPPort reads the argument of EPRT, protocol, address and port between
// delimiters, such as "|1|10.0.0.1|1055|" (RFC 2428 section 2; Zeek's parse_eftp_port).
func ParseEFTPPort(s []byte) FTPPort {
	p := FTPPort{H: netip.IPv6Unspecified(), P: value.Port{Proto: value.ProtoTCP}}
	s = bytes.TrimLeft(s, " \t\n\v\f\r")
	if len(s) == 0 {
		return p
	}
	p.Valid = true
	delimiter := s[0]
	at := func() bool { return len(s) > 0 && s[0] == delimiter }
	_, rest, ok := leadingNumber(s[1:])
	if s = s[1:]; ok {
		s = rest
	}
	if !at() {
		p.Valid = false
	}
	if len(s) > 0 {
		s = s[1:]
	}
	if len(s) > 0 && !at() {
		host, _, _ := bytes.Cut(s, []byte{delimiter})
		a, err := netip.ParseAddr(string(host))
		if p.Valid = err == nil && a.Zone() == ""; p.Valid {
			p.H = a.Unmap()
		}
	}
	if _, s, ok = bytes.Cut(s, []byte{delimiter}); !ok {
		return p
	}
	n, rest, ok := leadingNumber(s)
	if ok {
		s = rest
	}
	if !at() {
		p.Valid = false
	}
	if n < 0 || n > 65535 {
		p.Valid = false
	} else {
		p.P.Num = uint16(n)
	}
	return p
}

// ParseFTPPASV finds address and port in the reply to PASV (RFC 959 section 4.1.2;
// Zeek's parse_ftp_pasv): in parentheses, after "PORT", or at the first numbers with
// commas.
func ParseFTPPASV(s []byte) FTPPort {
	if i := bytes.IndexByte(s, '('); i >= 0 {
		s = s[i+1:]
	} else if i := bytes.Index(s, []byte("PORT")); i >= 0 {
		s = s[min(i+len("PORT "), len(s)):]
	} else {
		i := bytes.IndexByte(s, ',')
		for i > 0 && '0' <= s[i-1] && s[i-1] <= '9' {
			i--
		}
		s = s[max(i, 0):]
	}
	return ParseFTPPort(s)
}

// ParseFTPEPSV finds the port in the reply to EPSV, such as "Entering Extended Passive
// Mode (|||1055|)" (RFC 2428 section 3; Zeek's parse_ftp_epsv). The address is the
// server's and usually left out; it is then ::.
func ParseFTPEPSV(s []byte) FTPPort {
	_, inside, _ := bytes.Cut(s, []byte("("))
	return ParseEFTPPort(inside)
}

// AppendFTPPort appends an IPv4 address and port in the form of PORT's argument (Zeek's
// fmt_ftp_port), and nothing for another address.
func AppendFTPPort(dst []byte, a netip.Addr, port uint16) []byte {
	if a = a.Unmap(); !a.Is4() {
		return dst
	}
	for _, b := range a.As4() {
		dst = append(strconv.AppendUint(dst, uint64(b), 10), ',')
	}
	dst = append(strconv.AppendUint(dst, uint64(port>>8), 10), ',')
	return strconv.AppendUint(dst, uint64(port&0xff), 10)
}
