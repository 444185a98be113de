package smb

import (
	"bytes"

	"github.com/wirelog/wirelog/dissect/event"
)

// transactionKind is the kind of a transaction, given by its name.
type transactionKind uint8

const (
	kindUnknown transactionKind = iota
	kindPipe                    // \PIPE\ and the name of a pipe
	kindRAP                     // the Remote Administration Protocol on \PIPE\LANMAN (MS-RAP)
)

// kindOf returns the kind of the transaction with the given name.
func kindOf(raw []byte, wide bool) transactionKind {
	const pipe, rap = `\PIPE\`, `LANMAN`
	if !hasPrefix(raw, pipe, wide) {
		return kindUnknown
	}
	n := len(pipe)
	if wide {
		n *= 2
	}
	if hasPrefix(raw[n:], rap, wide) {
		return kindRAP
	}
	return kindPipe
}

// hasPrefix reports whether raw begins with prefix. As in Zeek, only the low bytes of UTF-16
// are compared.
func hasPrefix(raw []byte, prefix string, wide bool) bool {
	if !wide {
		return bytes.HasPrefix(raw, []byte(prefix))
	}
	if len(raw) < 2*len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if raw[2*i] != prefix[i] {
			return false
		}
	}
	return true
}

// payload returns a transaction's parameters and data, located by offsets from the message's
// header. As in Zeek, the data extends to the end of the message.
func (s *smb1State) payload(where [3]string, b []byte, pos int, paramOffset, paramCount, dataOffset uint16) (params, data []byte, ok bool) {
	if pos, ok = s.skipTo(where[0], paramOffset, pos, b); !ok {
		return nil, nil, false
	}
	if params, pos, ok = s.take(where[1], b, pos, int(paramCount)); !ok {
		return nil, nil, false
	}
	if pos, ok = s.skipTo(where[2], dataOffset, pos, b); !ok {
		return nil, nil, false
	}
	return params, b[pos:], true
}

// counted returns data, or nil if its announced length is zero.
func counted(data []byte, count uint16) []byte {
	if count == 0 {
		return nil
	}
	return data
}

// setup skips a transaction's count setup words at pos.
func (s *smb1State) setup(where string, b []byte, pos, count int) (int, bool) {
	if count > (len(b)-pos)/2 {
		return pos, s.outOfBounds(where, count, len(b)-pos)
	}
	return pos + 2*count, true
}

// transactionRequest parses SMB_COM_TRANSACTION (MS-CIFS section 2.2.4.33.1). Data of a named
// pipe goes to the pipe's analyzer.
func (s *smb1State) transactionRequest(c *smb1Command) bool {
	const where = "SMB1_transaction_request"
	b := c.b
	if !s.need(where+":reserved3", 29, b) {
		return false
	}
	count := int(b[27])
	pos, ok := s.setup(where+":setup", b, 29, count)
	if !ok || !s.need(where+":byte_count", pos+2, b) {
		return false
	}
	var subCmd uint64
	if count > 0 && b[0] != 16 {
		subCmd = u16(b, 29)
	}
	pos += 2
	name, pos, ok := s.str(b, pos, pos, s.unicode)
	if !ok {
		return false
	}
	params, data, ok := s.payload([3]string{where + ":pad1", where + ":parameters", where + ":pad2"}, b, pos,
		le16(b, 21), le16(b, 19), le16(b, 25))
	if !ok {
		return false
	}
	kind := kindOf(name, s.unicode)
	call := s.call()
	call.pipe = kind == kindPipe || kind == kindUnknown && s.a.session.pipes[uint32(s.hdr.TID)]
	s.setCall(call)
	if kind == kindPipe {
		s.a.pipeData(smb1Pipe, true, data)
	}
	if e := s.a.f.hooks.SMB1TransactionRequest.Begin(); e != nil {
		*e = event.SMB1TransactionRequest{
			Conn: s.a.Conn(), Hdr: s.hdr, Name: s.decodeIn(name), SubCmd: subCmd,
			Parameters: params, Data: counted(data, le16(b, 23)),
		}
		s.a.f.hooks.SMB1TransactionRequest.Raise(e)
	}
	return true
}

// transactionResponse parses SMB_COM_TRANSACTION (MS-CIFS section 2.2.4.33.2).
func (s *smb1State) transactionResponse(c *smb1Command) bool {
	const where = "SMB1_transaction_response"
	b := c.b
	if !s.need(where+":reserved2", 21, b) {
		return false
	}
	pos, ok := s.setup(where+":setup", b, 21, int(b[19]))
	if !ok || !s.need(where+":byte_count", pos+2, b) {
		return false
	}
	params, data, ok := s.payload([3]string{where + ":pad0", where + ":parameters", where + ":pad1"}, b, pos+2,
		le16(b, 9), le16(b, 7), le16(b, 15))
	if !ok {
		return false
	}
	data = counted(data, le16(b, 13))
	call := s.call()
	if call.pipe && data != nil {
		s.a.pipeData(smb1Pipe, false, data)
	}
	call.pipe = false
	s.setCall(call)
	if e := s.a.f.hooks.SMB1TransactionResponse.Begin(); e != nil {
		*e = event.SMB1TransactionResponse{Conn: s.a.Conn(), Hdr: s.hdr, Parameters: params, Data: data}
		s.a.f.hooks.SMB1TransactionResponse.Raise(e)
	}
	return true
}

// transactionSecondaryRequest parses SMB_COM_TRANSACTION_SECONDARY (MS-CIFS section
// 2.2.4.34.1).
func (s *smb1State) transactionSecondaryRequest(c *smb1Command) bool {
	const where = "SMB1_transaction_secondary_request"
	b := c.b
	if !s.need(where+":byte_count", 19, b) {
		return false
	}
	params, data, ok := s.payload([3]string{where + ":pad1", where + ":parameters", where + ":pad2"}, b, 19,
		le16(b, 7), le16(b, 5), le16(b, 13))
	if h := &s.a.f.hooks.SMB1TransactionSecondaryRequest; ok && h.On() {
		e := h.Begin()
		*e = event.SMB1TransactionSecondaryRequest{
			Conn: s.a.Conn(), Hdr: s.hdr,
			Args: event.SMB1TransSecArgs{
				TotalParamCount: u16(b, 1), TotalDataCount: u16(b, 3),
				ParamCount: u16(b, 5), ParamOffset: u16(b, 7), ParamDisplacement: u16(b, 9),
				DataCount: u16(b, 11), DataOffset: u16(b, 13), DataDisplacement: u16(b, 15),
			},
			Parameters: params, Data: counted(data, le16(b, 11)),
		}
		h.Raise(e)
	}
	return ok
}
