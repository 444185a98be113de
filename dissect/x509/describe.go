package x509

import "github.com/wirelog/wirelog/dissect/event"

// describe fills the record of an extension.
func (e *extension) describe() {
	r := &e.record
	r.OID, r.Name, r.Critical = limitedOID(e.oid, maxOID-1), longName(e.oid), e.critical
	o, known := objects()[string(e.oid)]
	if known {
		r.ShortName = event.Some(o.short)
	} else {
		r.ShortName = event.Some("UNDEF")
	}
	r.Value = rawValue(e.value)
}

// rawValue is a value with the octet string around it, in DER.
func rawValue(value []byte) string {
	b := append(make([]byte, 0, len(value)+6), tagOctetString)
	switch n := len(value); {
	case n < 0x80:
		b = append(b, byte(n))
	case n < 1<<8:
		b = append(b, 0x81, byte(n))
	case n < 1<<16:
		b = append(b, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		b = append(b, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return string(append(b, value...))
}
