package smb

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// sessionSetupRequest parses one of the three forms of SMB_COM_SESSION_SETUP_ANDX (MS-CIFS
// section 2.2.4.53.1, MS-SMB section 2.2.4.6.1).
func (s *smb1State) sessionSetupRequest(c *smb1Command) bool {
	if !s.need("SMB1_session_setup_andx_request:word_count", 1, c.b) {
		return false
	}
	r := event.SMB1SessionSetupAndXRequestRec{WordCount: uint64(c.b[0])}
	var ok bool
	switch words := c.b[0]; words {
	case 10:
		ok = s.setupLANMAN(c, &r)
	case 12:
		ok = s.setupExtended(c, &r)
	case 13:
		ok = s.setupNTLM(c, &r)
	default:
		return s.noCase("SMB1_session_setup_andx_request", int(words))
	}
	if h := &s.a.f.hooks.SMB1SessionSetupAndXRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1SessionSetupAndXRequest{Conn: s.a.Conn(), Hdr: s.hdr, Request: r}
		h.Raise(e)
	}
	return ok
}

// setupCommon parses the fields common to all forms. b begins after the word count.
func setupCommon(b []byte, r *event.SMB1SessionSetupAndXRequestRec) {
	r.MaxBufferSize, r.MaxMpxCount, r.VCNumber, r.SessionKey = u16(b, 4), u16(b, 6), u16(b, 8), u32(b, 10)
}

// strings parses consecutive strings from pos on and returns the position after them. b begins
// one byte into a command.
func (s *smb1State) strings(b []byte, pos int, texts ...*[]byte) (int, bool) {
	for _, t := range texts {
		raw, next, ok := s.str(b, pos, pos+1, s.unicode)
		if !ok {
			return pos, false
		}
		*t, pos = s.decodeIn(raw), next
	}
	return pos, true
}

func (s *smb1State) setupLANMAN(c *smb1Command, r *event.SMB1SessionSetupAndXRequestRec) bool {
	const where = "SMB1_session_setup_andx_request_lanman"
	b := c.b[1:]
	if !s.need(where+":byte_count", 22, b) {
		return false
	}
	setupCommon(b, r)
	password, pos, ok := s.take(where+":account_password", b, 22, int(le16(b, 14)))
	if !ok {
		return false
	}
	var account, domain []byte
	if pos, ok = s.strings(b, pos, &account, &domain, &r.NativeOS, &r.NativeLANMAN); !ok {
		return false
	}
	r.AccountPassword, r.AccountName, r.PrimaryDomain = value.Some(password), value.Some(account), value.Some(domain)
	return s.chain(where+":extra_byte_parameters", c, c.offset+1, pos+1, true)
}

func (s *smb1State) setupNTLM(c *smb1Command, r *event.SMB1SessionSetupAndXRequestRec) bool {
	const where = "SMB1_session_setup_andx_request_ntlm_nonextended_security"
	b := c.b[1:]
	if !s.need(where+":byte_count", 28, b) {
		return false
	}
	setupCommon(b, r)
	insensitive, pos, ok := s.take(where+":case_insensitive_password", b, 28, int(le16(b, 14)))
	if !ok {
		return false
	}
	sensitive, pos, ok := s.take(where+":case_sensitive_password", b, pos, int(le16(b, 16)))
	if !ok {
		return false
	}
	var account, domain []byte
	if pos, ok = s.strings(b, pos, &account, &domain, &r.NativeOS, &r.NativeLANMAN); !ok {
		return false
	}
	r.CaseInsensitivePassword, r.CaseSensitivePassword = value.Some(insensitive), value.Some(sensitive)
	r.AccountName, r.PrimaryDomain = value.Some(account), value.Some(domain)
	r.Capabilities = value.Some(smb1ClientCapabilities(le32(b, 22)))
	return s.chain(where+":extra_byte_parameters", c, c.offset+1, pos+1, true)
}

func (s *smb1State) setupExtended(c *smb1Command, r *event.SMB1SessionSetupAndXRequestRec) bool {
	const where = "SMB1_session_setup_andx_request_ntlm_extended_security"
	b := c.b[1:]
	if !s.need(where+":byte_count", 26, b) {
		return false
	}
	setupCommon(b, r)
	blob, pos, ok := s.take(where+":security_blob", b, 26, int(le16(b, 14)))
	if !ok {
		return false
	}
	if pos, ok = s.strings(b, pos, &r.NativeOS, &r.NativeLANMAN); !ok {
		return false
	}
	r.Capabilities = value.Some(smb1ClientCapabilities(le32(b, 20)))
	if !s.chain(where+":extra_byte_parameters", c, c.offset+1, pos+1, true) {
		return false
	}
	s.a.security(true, blob)
	return true
}

// smb1ClientCapabilities decodes a client's capabilities (MS-CIFS section 2.2.4.53.1).
func smb1ClientCapabilities(c uint32) event.SMB1SessionSetupAndXCapabilities {
	return event.SMB1SessionSetupAndXCapabilities{
		Unicode: c&0x4 != 0, LargeFiles: c&0x8 != 0, NTSMBs: c&0x10 != 0, Status32: c&0x40 != 0,
		Level2Oplocks: c&0x80 != 0, NTFind: c&0x200 != 0,
	}
}

// sessionSetupResponse parses one of the two forms of SMB_COM_SESSION_SETUP_ANDX (MS-CIFS
// section 2.2.4.53.2, MS-SMB section 2.2.4.6.2), or an error.
func (s *smb1State) sessionSetupResponse(c *smb1Command) bool {
	if !s.need("SMB1_session_setup_andx_response:word_count", 1, c.b) {
		return false
	}
	r := event.SMB1SessionSetupAndXResponseRec{WordCount: uint64(c.b[0])}
	var ok bool
	switch c.b[0] {
	case 3:
		ok = s.setUpLANMAN(c, &r)
	case 4:
		ok = s.setUpExtended(c, &r)
	default:
		ok = s.need("SMB1_session_setup_andx_response:error", 3, c.b)
	}
	if h := &s.a.f.hooks.SMB1SessionSetupAndXResponse; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1SessionSetupAndXResponse{Conn: s.a.Conn(), Hdr: s.hdr, Response: r}
		h.Raise(e)
	}
	return ok
}

func (s *smb1State) setUpLANMAN(c *smb1Command, r *event.SMB1SessionSetupAndXResponseRec) bool {
	const where = "SMB1_session_setup_andx_response_lanman"
	b := c.b[1:]
	if !s.need(where+":byte_count", 8, b) {
		return false
	}
	r.IsGuest = value.Some(le16(b, 4)&1 != 0)
	pos, empty := 8, le16(b, 6) == 0
	for _, f := range []struct {
		where string
		text  *value.Opt[[]byte]
	}{
		{where + ":native_os", &r.NativeOS}, {where + ":native_lanman", &r.NativeLANMAN}, {where + ":primary_domain", &r.PrimaryDomain},
	} {
		f.text.OK = true
		if empty {
			continue
		}
		if pos >= len(b) {
			return s.outOfBounds(f.where, 1, 0)
		}
		var ok bool
		if pos, ok = s.strings(b, pos, &f.text.V); !ok {
			return false
		}
	}
	return s.chain(where+":extra_byte_parameters", c, c.offset+1, pos+1, false)
}

func (s *smb1State) setUpExtended(c *smb1Command, r *event.SMB1SessionSetupAndXResponseRec) bool {
	const where = "SMB1_session_setup_andx_response_ntlm"
	b := c.b[1:]
	if !s.need(where+":byte_count", 10, b) {
		return false
	}
	r.IsGuest = value.Some(le16(b, 4)&1 != 0)
	blob, pos, ok := s.take(where+":security_blob", b, 10, int(le16(b, 6)))
	if !ok {
		return false
	}
	if pos, ok = s.strings(b, pos, &r.NativeOS.V, &r.NativeLANMAN.V); !ok {
		return false
	}
	r.NativeOS.OK, r.NativeLANMAN.OK = true, true
	if !s.chain(where+":extra_byte_parameters", c, c.offset+1, pos+1, false) {
		return false
	}
	s.a.security(false, blob)
	return true
}

// logoff parses SMB_COM_LOGOFF_ANDX (MS-CIFS section 2.2.4.54). As in Zeek, a chained command
// is parsed as a request, even in a response.
func (s *smb1State) logoff(c *smb1Command, isOrig bool) bool {
	if !s.need("SMB1_logoff_andx:byte_count", 7, c.b) ||
		!s.chain("SMB1_logoff_andx:extra_byte_parameters", c, c.offset, 7, true) {
		return false
	}
	if e := s.a.f.hooks.SMB1LogoffAndX.Begin(); e != nil {
		*e = event.SMB1LogoffAndX{Conn: s.a.Conn(), IsOrig: isOrig}
		s.a.f.hooks.SMB1LogoffAndX.Raise(e)
	}
	return true
}

// treeConnectRequest parses SMB_COM_TREE_CONNECT_ANDX (MS-CIFS section 2.2.4.55.1).
func (s *smb1State) treeConnectRequest(c *smb1Command) bool {
	const where = "SMB1_tree_connect_andx_request"
	b := c.b
	if !s.need(where+":byte_count", 11, b) {
		return false
	}
	pos := 11 + int(le16(b, 7))
	if pos > len(b) {
		return s.outOfBounds(where+":password", pos-11, len(b)-11)
	}
	path, pos, ok := s.str(b, pos, pos, s.unicode)
	if !ok {
		return false
	}
	service, pos, _ := s.str(b, pos, 0, false)
	if !s.chain(where+":extra_byte_parameters", c, c.offset, pos, true) {
		return false
	}
	text := s.decodeIn(path)
	if e := s.a.f.hooks.SMB1TreeConnectAndXRequest.Begin(); e != nil {
		*e = event.SMB1TreeConnectAndXRequest{Conn: s.a.Conn(), Hdr: s.hdr, Path: text, Service: s.decode(service, false)}
		s.a.f.hooks.SMB1TreeConnectAndXRequest.Raise(e)
	}
	t := new(tree)
	t.setPath(text)
	s.a.session.names += len(text)
	s.a.session.cur.tree = t
	return true
}

// treeConnectResponse parses SMB_COM_TREE_CONNECT_ANDX (MS-CIFS section 2.2.4.55.2).
func (s *smb1State) treeConnectResponse(c *smb1Command) bool {
	const where = "SMB1_tree_connect_andx_response"
	b := c.b
	if !s.need(where+":andx", 5, b) {
		return false
	}
	pos := 5
	if words := int(b[0]); words >= 3 {
		if len(b) < 7 {
			return s.outOfBounds(where+":optional_support", 1, len(b)-5)
		}
		if pos = 7 + (words-3)*2; pos > len(b) {
			return s.outOfBounds(where+":pad", (words-3)*2, len(b)-pos)
		}
	}
	if !s.need(where+":byte_count", pos+2, b) {
		return false
	}
	count := int(le16(b, pos))
	service, pos, _ := s.str(b, pos+2, 0, false)
	var system []byte
	if more := count > len(service); more {
		if pos == len(b) {
			return s.outOfBounds(where+":native_file_system", 1, 0)
		}
		var ok bool
		if system, pos, ok = s.str(b, pos, pos, s.unicode); !ok {
			return false
		}
	}
	if !s.chain(where+":extra_byte_parameters", c, c.offset, pos, false) {
		return false
	}
	text := s.decode(service, false)
	if bytes.HasPrefix(text, []byte("IPC")) {
		s.a.setPipe(uint32(s.hdr.TID))
	}
	if e := s.a.f.hooks.SMB1TreeConnectAndXResponse.Begin(); e != nil {
		*e = event.SMB1TreeConnectAndXResponse{Conn: s.a.Conn(), Hdr: s.hdr, Service: text, NativeFileSystem: s.decodeIn(system)}
		s.a.f.hooks.SMB1TreeConnectAndXResponse.Raise(e)
	}
	s.tree = s.a.session.cur.tree
	s.a.setTree(uint32(s.hdr.TID), s.tree)
	return true
}

// treeDisconnect parses SMB_COM_TREE_DISCONNECT (MS-CIFS section 2.2.4.51).
func (s *smb1State) treeDisconnect(c *smb1Command, isOrig bool) bool {
	if !s.need("SMB1_tree_disconnect", 3, c.b) {
		return false
	}
	if e := s.a.f.hooks.SMB1TreeDisconnect.Begin(); e != nil {
		*e = event.SMB1TreeDisconnect{Conn: s.a.Conn(), Hdr: s.hdr, IsOrig: isOrig}
		s.a.f.hooks.SMB1TreeDisconnect.Raise(e)
	}
	return true
}

// echo parses the number and the data of an SMB_COM_ECHO request or response (MS-CIFS section
// 2.2.4.39).
func (s *smb1State) echo(count, data string, c *smb1Command) (n uint64, b []byte, ok bool) {
	if !s.need(count, 5, c.b) {
		return 0, nil, false
	}
	b, _, ok = s.take(data, c.b, 5, int(le16(c.b, 3)))
	return u16(c.b, 1), b, ok
}

// echoRequest parses SMB_COM_ECHO (MS-CIFS section 2.2.4.39.1).
func (s *smb1State) echoRequest(c *smb1Command) bool {
	n, data, ok := s.echo("SMB1_echo_request:byte_count", "SMB1_echo_request:data", c)
	if h := &s.a.f.hooks.SMB1EchoRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1EchoRequest{Conn: s.a.Conn(), EchoCount: n, Data: data}
		h.Raise(e)
	}
	return ok
}

// echoResponse parses SMB_COM_ECHO (MS-CIFS section 2.2.4.39.2).
func (s *smb1State) echoResponse(c *smb1Command) bool {
	n, data, ok := s.echo("SMB1_echo_response:byte_count", "SMB1_echo_response:data", c)
	if h := &s.a.f.hooks.SMB1EchoResponse; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1EchoResponse{Conn: s.a.Conn(), SeqNum: n, Data: data}
		h.Raise(e)
	}
	return ok
}

// cancelRequest parses SMB_COM_NT_CANCEL (MS-CIFS section 2.2.4.65).
func (s *smb1State) cancelRequest(c *smb1Command) bool {
	if !s.need("SMB1_nt_cancel_request", 3, c.b) {
		return false
	}
	if e := s.a.f.hooks.SMB1NTCancelRequest.Begin(); e != nil {
		*e = event.SMB1NTCancelRequest{Conn: s.a.Conn(), Hdr: s.hdr}
		s.a.f.hooks.SMB1NTCancelRequest.Raise(e)
	}
	return true
}
