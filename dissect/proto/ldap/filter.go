package ldap

import (
	"encoding/binary"
	"strconv"
)

// Choices of Filter (RFC 4511 section 4.5.1.7).
const (
	filterAnd        = 0
	filterOr         = 1
	filterNot        = 2
	filterEqual      = 3
	filterSubstrings = 4
	filterGreater    = 5
	filterLess       = 6
	filterPresent    = 7
	filterApprox     = 8
	filterExtensible = 9
)

// filter reads a filter and appends it to the factory's as text (RFC 4515). As in Zeek, a
// list of more than two filters has them in pairs: (&(&(a)(b))(c)).
func (p *parser) filter(depth int) {
	if depth > maxFilterDepth {
		p.fail(reasonFilter)
		return
	}
	f := p.f
	tag, b := p.Element()
	if tag&maskClass == 0 {
		p.malformed()
		return
	}
	in := p.inside(b)
	switch choice := tag & maskType; choice {
	case filterAnd, filterOr:
		in.filters("&|"[choice], depth)
	case filterNot:
		f.filter = append(f.filter, "(!"...)
		in.filter(depth + 1)
		f.filter = append(f.filter, ')')
	case filterEqual:
		in.assertion("=")
	case filterGreater:
		in.assertion(">=")
	case filterLess:
		in.assertion("<=")
	case filterApprox:
		in.assertion("~=")
	case filterSubstrings:
		in.substrings()
	case filterPresent:
		f.filter = append(append(append(f.filter, '('), f.ascii(b)...), "=*)"...)
	case filterExtensible:
		in.extensible()
	default:
		p.malformed()
	}
	p.Join(&in.Reader)
}

// filters reads the filters of a list.
func (p *parser) filters(op byte, depth int) {
	f := p.f
	n := 0
	for count := *p; count.More(); n++ {
		count.Element()
	}
	for range max(n-1, min(n, 1)) {
		f.filter = append(f.filter, '(', op)
	}
	for i := 0; p.More(); i++ {
		p.filter(depth + 1)
		if i > 0 || n == 1 {
			f.filter = append(f.filter, ')')
		}
	}
}

// short reads an element whose length, for Zeek, is always a byte.
func (p *parser) short() (tag byte, b []byte) {
	if !p.f.asZeek {
		return p.Element()
	}
	h := p.Header()
	if h.First < 0x80 {
		return h.Tag, p.Take("", p.Pos(), h.Length)
	}
	p.malformed() // in practice: the length of the length is that of a long text
	return 0, nil
}

// assertion reads an AttributeValueAssertion.
func (p *parser) assertion(op string) {
	f := p.f
	_, name := p.short()
	_, val := p.short()
	f.filter = append(append(append(f.filter, '('), f.utf8(name)...), op...)
	f.filter = append(f.appendValue(f.filter, name, val), ')')
}

// substrings reads a SubstringFilter.
func (p *parser) substrings() {
	f := p.f
	_, name := p.short()
	_, b := p.Element()
	f.filter = append(append(append(f.filter, '('), f.utf8(name)...), '=')
	var initial, final []byte
	for list := p.inside(b); list.More(); {
		switch tag, b := list.Element(); {
		case tag&maskClass == 0:
			p.malformed()
		case tag&maskType == 0:
			initial = b
		case tag&maskType == 2:
			final = b
		case tag&maskType != 1:
			p.malformed()
		}
		p.Join(&list.Reader)
	}
	f.filter = append(f.appendEscaped(f.filter, initial), '*')
	for list := p.inside(b); list.More(); {
		if tag, b := list.Element(); tag&maskType == 1 {
			f.filter = append(f.appendEscaped(f.filter, f.utf8(b)), '*')
		}
	}
	f.filter = append(f.appendEscaped(f.filter, final), ')')
}

// extensible reads a MatchingRuleAssertion. Zeek takes the first element for the rule, the
// second for the type and the third for the value.
func (p *parser) extensible() {
	f := p.f
	if f.asZeek {
		_, rule := p.short()
		_, typ := p.short()
		_, val := p.short()
		f.filter = append(f.appendValue(append(f.filter, '('), rule, typ), ':')
		f.filter = append(append(f.filter, f.utf8(rule)...), ":="...)
		f.filter = append(appendPrinted(f.filter, val), ')')
		return
	}
	var rule, typ, val []byte
	dn := false
	for p.More() {
		switch tag, b := p.Element(); tag & maskType {
		case 1:
			rule = b
		case 2:
			typ = b
		case 3:
			val = b
		case 4:
			dn = len(b) == 1 && b[0] != 0
		}
	}
	f.filter = f.appendEscaped(append(f.filter, '('), typ)
	if dn {
		f.filter = append(f.filter, ":dn"...)
	}
	if rule != nil {
		f.filter = append(append(f.filter, ':'), rule...)
	}
	f.filter = append(f.appendEscaped(append(f.filter, ":="...), val), ')')
}

// appendValue appends a value to compare an attribute with. Some attributes of Active
// Directory are binary (MS-ADTS section 6.3.3).
func (f *factory) appendValue(dst, name, val []byte) []byte {
	switch string(name) {
	case "DomainGuid":
		return appendGUID(dst, val)
	case "objectSid", "AAC":
		for i, c := range val {
			if i > 0 {
				dst = append(dst, ':')
			}
			dst = appendHex(dst, c)
		}
		return dst
	case "DomainSid":
		return appendSID(dst, val)
	case "NtVer":
		if len(val) != 4 {
			return append(dst, "HEX_FORMAT_FAILED"...)
		}
		dst = append(dst, "0x"...)
		for i := 3; i >= 0; i-- {
			dst = appendHex(dst, val[i])
		}
		return dst
	}
	return f.appendEscaped(dst, val)
}

// guidOrder has the bytes of a GUID in the order of its text (MS-DTYP section 2.3.4).
var guidOrder = [16]byte{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}

func appendGUID(dst, b []byte) []byte {
	if len(b) != len(guidOrder) {
		return append(dst, "GUID_FORMAT_FAILED"...)
	}
	for i, n := range guidOrder {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = appendHex(dst, b[n])
	}
	return dst
}

// appendSID appends a SID of four subauthorities (MS-DTYP section 2.4.2.1).
func appendSID(dst, b []byte) []byte {
	if len(b) != 24 {
		return append(dst, "SID_FORMAT_FAILED"...)
	}
	authority := uint64(0)
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	dst = strconv.AppendUint(append(dst, "S-"...), uint64(b[0]), 10)
	dst = strconv.AppendUint(append(dst, '-'), authority, 10)
	for i := 8; i < len(b); i += 4 {
		dst = strconv.AppendUint(append(dst, '-'), uint64(binary.LittleEndian.Uint32(b[i:])), 10)
	}
	return dst
}

// appendEscaped appends text with a backslash and two digits for what the syntax needs
// (RFC 4515 section 3). Zeek takes ESC for the backslash.
func (f *factory) appendEscaped(dst, b []byte) []byte {
	for _, c := range b {
		if c == 0 || c == '(' || c == ')' || c == '*' || c == '\\' && !f.asZeek || c == 27 && f.asZeek {
			dst = appendHex(append(dst, '\\'), c)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// appendPrinted appends bytes as Spicy prints them.
func appendPrinted(dst, b []byte) []byte {
	for _, c := range b {
		switch {
		case c == '\\':
			dst = append(dst, `\\`...)
		case c < ' ' || c > '~':
			dst = appendHex(append(dst, `\x`...), c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, digits[c>>4], digits[c&15])
}
