package smb

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/codec/utf16"
)

// str returns the bytes of the string at pos, its terminator included, and the position after
// them (SMB_STRING, MS-CIFS section 2.2.1.1). An unterminated string extends to the end of the
// message. UTF-16 strings are aligned to two bytes; as in Zeek, the alignment is that of
// align, not of the position in the message.
func (s *smb1State) str(b []byte, pos, align int, wide bool) (raw []byte, next int, ok bool) {
	if !wide {
		raw = b[pos:]
		if i := bytes.IndexByte(raw, 0); i >= 0 {
			raw = raw[:i+1]
		}
		return raw, pos + len(raw), true
	}
	if align&1 != 0 {
		if pos == len(b) {
			return nil, pos, s.outOfBounds("SMB_unicode_string:pad", 1, 0)
		}
		pos++
	}
	raw = b[pos:]
	for i := 0; i+1 < len(raw); i += 2 {
		if raw[i]|raw[i+1] == 0 {
			raw = raw[:i+2]
			break
		}
	}
	return raw, pos + len(raw), true
}

// decode decodes a string returned by str. The result is valid until the next message.
func (s *smb1State) decode(raw []byte, wide bool) []byte {
	if !wide {
		return bytes.TrimSuffix(raw, []byte{0})
	}
	n := len(s.text)
	var ok bool
	if s.text, ok = utf16.Append(s.text, raw); !ok {
		s.a.Weird("utf16_conversion_failed", "utf16 conversion failed in utf16_to_utf8_val", "")
	}
	return s.text[n:len(s.text):len(s.text)]
}

// decodeIn is decode for strings in the message's encoding.
func (s *smb1State) decodeIn(raw []byte) []byte { return s.decode(raw, s.unicode) }
