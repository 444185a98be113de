package smb

import (
	"time"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// negotiateRequest parses SMB_COM_NEGOTIATE (MS-CIFS section 2.2.4.52.1).
func (s *smb1State) negotiateRequest(c *smb1Command) bool {
	b := c.b
	if !s.need("SMB1_negotiate_request:byte_count", 3, b) {
		return false
	}
	b, _, ok := s.take("SMB1_negotiate_request:dialects", b, 3, int(le16(b, 1)))
	if !ok {
		return false
	}
	dialects := s.a.f.dialects[:0]
	for len(b) > 0 {
		raw, n, _ := s.str(b, 1, 0, false)
		dialects = append(dialects, s.decode(raw, false))
		b = b[n:]
	}
	s.a.f.dialects = dialects
	if e := s.a.f.hooks.SMB1NegotiateRequest.Begin(); e != nil {
		*e = event.SMB1NegotiateRequest{Conn: s.a.Conn(), Hdr: s.hdr, Dialects: dialects}
		s.a.f.hooks.SMB1NegotiateRequest.Raise(e)
	}
	return true
}

// negotiateResponse parses SMB_COM_NEGOTIATE (MS-CIFS section 2.2.4.52.2).
func (s *smb1State) negotiateResponse(c *smb1Command) bool {
	b := c.b
	if !s.need("SMB1_negotiate_response:dialect_index", 3, b) {
		return false
	}
	var r event.SMB1NegotiateResponseRec
	var ok bool
	switch words := b[0]; words {
	case 1:
		ok = s.need("SMB1_negotiate_core_response", 2, b[3:])
		r.Core = value.Some(event.SMB1NegotiateResponseCore{DialectIndex: u16(b, 1)})
	case 13:
		ok = s.negotiateLANMAN(b, &r.LANMAN)
	case 17:
		ok = s.negotiateNTLM(b, &r.NTLM)
	default:
		return s.noCase("SMB1_negotiate_response", int(words))
	}
	if h := &s.a.f.hooks.SMB1NegotiateResponse; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1NegotiateResponse{Conn: s.a.Conn(), Hdr: s.hdr, Response: r}
		h.Raise(e)
	}
	return ok
}

// smb1Security decodes a server's security mode.
func smb1Security(mode uint64) event.SMB1NegotiateResponseSecurity {
	return event.SMB1NegotiateResponseSecurity{UserLevel: mode&1 != 0, ChallengeResponse: mode&2 != 0}
}

func (s *smb1State) negotiateLANMAN(msg []byte, opt *value.Opt[event.SMB1NegotiateResponseLANMAN]) bool {
	b := msg[3:]
	if !s.need("SMB1_negotiate_lanman_response:byte_count", 26, b) {
		return false
	}
	key, pos, ok := s.take("SMB1_negotiate_lanman_response:encryption_key", b, 26, int(le16(b, 20)))
	if !ok {
		return false
	}
	domain, _, ok := s.str(b, pos, pos, s.unicode)
	if !ok {
		return false
	}
	raw := le16(b, 8)
	*opt = value.Some(event.SMB1NegotiateResponseLANMAN{
		WordCount: uint64(msg[0]), DialectIndex: u16(msg, 1),
		SecurityMode:  smb1Security(u16(b, 0)),
		MaxBufferSize: u16(b, 2), MaxMpxCount: u16(b, 4), MaxNumberVCs: u16(b, 6),
		RawMode:    event.SMB1NegotiateRawMode{ReadRaw: raw&1 != 0, WriteRaw: raw&2 != 0},
		SessionKey: u32(b, 10), ServerTime: smb1Time(le16(b, 14), le16(b, 16)),
		EncryptionKey: key, PrimaryDomain: s.decodeIn(domain),
	})
	return true
}

// smb1Time returns the time of day t on the date d (SMB_TIME and SMB_DATE, MS-CIFS section
// 2.2.1.4) in seconds since the Unix epoch.
func smb1Time(t, d uint16) float64 {
	return float64(time.Date(
		1980+int(d>>9), time.Month(d>>5&0xf), int(d&0x1f),
		int(t>>11), int(t>>5&0x3f), int(t&0x1f)*2, 0, time.UTC).Unix())
}

func (s *smb1State) negotiateNTLM(msg []byte, opt *value.Opt[event.SMB1NegotiateResponseNTLM]) bool {
	b := msg[3:]
	if !s.need("SMB1_negotiate_ntlm_response:byte_count", 34, b) {
		return false
	}
	caps := smb1Capabilities(le32(b, 17))
	security := smb1Security(uint64(b[0]))
	security.SignaturesEnabled = value.Some(b[0]&4 != 0)
	security.SignaturesRequired = value.Some(b[0]&8 != 0)
	r := event.SMB1NegotiateResponseNTLM{
		WordCount: uint64(msg[0]), DialectIndex: u16(msg, 1), SecurityMode: security,
		MaxMpxCount: u16(b, 1), MaxNumberVCs: u16(b, 3), MaxBufferSize: u32(b, 5),
		MaxRawSize: u32(b, 9), SessionKey: u32(b, 13), Capabilities: caps,
		ServerTime: event.FileTime(le64(b, 21)),
	}
	if caps.ExtendedSecurity {
		guid, pos, ok := s.take("SMB1_negotiate_ntlm_response:server_guid", b, 34, 16)
		if !ok {
			return false
		}
		blob, _, ok := s.take("SMB1_negotiate_ntlm_response:security_blob", b, pos, int(le16(b, 32))-16)
		if !ok {
			return false
		}
		s.a.security(false, blob)
		r.GUID = value.Some(guid)
	} else {
		key, pos, ok := s.take("SMB1_negotiate_ntlm_response:encryption_key", b, 34, int(b[31]))
		if !ok {
			return false
		}
		domain, _, ok := s.str(b, pos, pos, s.unicode)
		if !ok {
			return false
		}
		r.EncryptionKey, r.DomainName = value.Some(key), value.Some(s.decodeIn(domain))
	}
	*opt = value.Some(r)
	return true
}

// smb1Capabilities decodes a server's capabilities (MS-CIFS section 2.2.4.52.2, MS-SMB section
// 2.2.4.5.2.1).
func smb1Capabilities(c uint32) event.SMB1NegotiateCapabilities {
	has := func(bit uint32) bool { return c&bit != 0 }
	return event.SMB1NegotiateCapabilities{
		RawMode: has(0x1), MpxMode: has(0x2), Unicode: has(0x4), LargeFiles: has(0x8),
		NTSMBs: has(0x10), RPCRemoteAPIs: has(0x20), Status32: has(0x40), Level2Oplocks: has(0x80),
		LockAndRead: has(0x100), NTFind: has(0x200),
		DFS: has(0x1000), InfolevelPassthru: has(0x2000), LargeReadX: has(0x4000), LargeWriteX: has(0x8000),
		Unix: has(0x80_0000), BulkTransfer: has(0x2000_0000), CompressedData: has(0x4000_0000),
		ExtendedSecurity: has(0x8000_0000),
	}
}
