package mime

import "strconv"

// decode decodes a line or bytes of the body.
func (e *Entity) decode(b []byte, crlf bool) {
	switch e.enc {
	case encQuotedPrintable:
		e.quotedPrintable(b)
	case encBase64:
		e.flush(e.base64.Append(e.scratch.buf[:0], b, e.h))
	default:
		e.binary(b, crlf)
	}
}

// binary passes on bytes that are not encoded. In a multipart body the line end is held
// back, because one before a delimiter belongs to the delimiter.
func (e *Entity) binary(b []byte, crlf bool) {
	late := crlf && e.parent != nil && e.parent.typ == TypeMultipart
	if !e.crlf && (!crlf || late) {
		e.crlf = late
		e.pieces(b)
		return
	}
	buf := e.scratch.buf[:0]
	if e.crlf {
		buf = append(buf, '\r', '\n')
	}
	buf = append(buf, b...)
	if crlf && !late {
		buf = append(buf, '\r', '\n')
	}
	e.crlf = late
	e.flush(buf)
}

// flush passes on the contents of the scratch buffer.
func (e *Entity) flush(buf []byte) {
	e.pieces(buf)
	if e.scratch.buf = buf[:0]; cap(buf) > keptBuffer {
		e.scratch.buf = nil
	}
}

// keptBuffer is the largest capacity of the scratch buffer that is reused.
const keptBuffer = 1 << 18

func (e *Entity) pieces(b []byte) {
	for n := e.scratch.Piece; len(b) > n; n = e.scratch.Piece {
		e.h.Data(b[:n:n])
		b = b[n:]
	}
	if len(b) > 0 {
		e.h.Data(b)
	}
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c - 'a' + 10)
	case 'A' <= c && c <= 'F':
		return int(c - 'A' + 10)
	}
	return -1
}

// quotedPrintable decodes a line (RFC 2045 section 6.7).
func (e *Entity) quotedPrintable(b []byte) {
	n := len(b)
	for n > 0 && isBlank(b[n-1]) {
		n--
	}
	buf := e.scratch.buf[:0]
	soft := false
	for i := 0; i < n; i++ {
		c := b[i]
		switch {
		case c == '=' && i == n-1:
			soft = true
		case c == '=':
			if i+2 < len(b) {
				if hi, lo := unhex(b[i+1]), unhex(b[i+2]); hi >= 0 && lo >= 0 {
					buf = append(buf, byte(hi<<4|lo))
					i += 2
					continue
				}
			}
			e.h.Illegal(true, "= is not followed by two hexadecimal digits in quoted-printable encoding")
			buf = append(buf, c)
		default:
			if (c < 33 || c > 126) && !isBlank(c) {
				e.h.Illegal(true, "control characters in quoted-printable encoding: "+strconv.Itoa(int(int8(c))))
			}
			buf = append(buf, c)
		}
	}
	if !soft {
		buf = append(buf, '\r', '\n')
	}
	e.flush(buf)
}

// Base64 is a lenient decoder (RFC 2045 section 6.8) that behaves as Zeek's.
type Base64 struct {
	group   [4]byte
	n       uint8
	padding uint8
	after   bool // there was padding
	bad     int
}

// A Base64Receiver is called once for invalid Base64, and for an incomplete last group.
type Base64Receiver interface{ Base64Weird(detail string) }

// Reset prepares d for another text.
func (d *Base64) Reset() { *d = Base64{} }

// Bad reports whether the text was invalid.
func (d *Base64) Bad() bool { return d.bad > 0 }

var base64Values = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range alphabet {
		t[alphabet[i]] = int8(i)
	}
	t['='] = 0
	return t
}()

// Append decodes b, the next piece of the text, and appends the result to dst.
func (d *Base64) Append(dst, b []byte, r Base64Receiver) []byte {
	for _, c := range b {
		dst = d.char(dst, c, r)
	}
	return dst
}

func (d *Base64) char(dst []byte, c byte, r Base64Receiver) []byte {
	if c == '=' {
		d.padding++
	}
	k := base64Values[c]
	if k < 0 {
		if d.bad++; d.bad == 1 {
			r.Base64Weird("character " + strconv.Itoa(int(c)) + " ignored by Base64 decoding")
		}
		return dst
	}
	d.group[d.n] = byte(k)
	if d.n++; d.n < 4 {
		return dst
	}
	d.n = 0
	if d.after {
		if d.bad++; d.bad == 1 {
			r.Base64Weird("extra base64 groups after '=' padding are ignored")
		}
		return dst
	}
	v := uint32(d.group[0])<<18 | uint32(d.group[1])<<12 | uint32(d.group[2])<<6 | uint32(d.group[3])
	octets := [3]byte{byte(v >> 16), byte(v >> 8), byte(v)}
	dst = append(dst, octets[:max(3-int(d.padding), 0)]...)
	d.after = d.after || d.padding > 0
	d.padding = 0
	return dst
}

// Finish decodes an incomplete last group and appends the result to dst.
func (d *Base64) Finish(dst []byte, r Base64Receiver) []byte {
	if d.n == 0 {
		return dst
	}
	missing := 4 - int(d.n)
	r.Base64Weird("incomplete base64 group, padding with " + strconv.Itoa(missing*6) + " bits of 0")
	for range missing {
		dst = d.char(dst, '=', r)
	}
	return dst
}
