package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/codec/wire"
)

// SMB1 commands that are parsed (MS-CIFS section 2.2.2.1).
const (
	smb1CreateDirectory       = 0x00
	smb1Close                 = 0x04
	smb1QueryInformation      = 0x08
	smb1CheckDirectory        = 0x10
	smb1LockingAndX           = 0x24
	smb1Transaction           = 0x25
	smb1TransactionSecondary  = 0x26
	smb1Echo                  = 0x2b
	smb1ReadAndX              = 0x2e
	smb1WriteAndX             = 0x2f
	smb1Transaction2          = 0x32
	smb1Transaction2Secondary = 0x33
	smb1TreeDisconnect        = 0x71
	smb1Negotiate             = 0x72
	smb1SessionSetupAndX      = 0x73
	smb1LogoffAndX            = 0x74
	smb1TreeConnectAndX       = 0x75
	smb1NTTransact            = 0xa0
	smb1NTCreateAndX          = 0xa2
	smb1NTCancel              = 0xa4
	smb1NoAndXCommand         = 0xff
)

// smb1Command is one command of a message: the first, or one chained to it.
type smb1Command struct {
	// b holds the command's words and bytes, from the word count to the end of the message.
	b []byte
	// offset is the command's position in the message, as AndX offsets count.
	offset uint16
	depth  int
}

func le16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func le32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func le64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }

// u16 and u32 return numbers as events hold them.
func u16(b []byte, at int) uint64 { return uint64(le16(b, at)) }
func u32(b []byte, at int) uint64 { return uint64(le32(b, at)) }

// need reports whether b has n bytes. If not, the message is malformed in the field that Zeek
// calls where.
func (s *smb1State) need(where string, n int, b []byte) bool {
	return 0 <= n && n <= len(b) || s.outOfBounds(where, n, len(b))
}

// outOfBounds records that the message is malformed and returns false.
func (s *smb1State) outOfBounds(where string, need, have int) bool {
	s.fault = wire.OutOfBound(where, need, have)
	return false
}

// noCase records that the message has an unknown form and returns false.
func (s *smb1State) noCase(where string, index int) bool {
	s.fault = wire.InvalidCase(where, index)
	return false
}

// skipTo returns the position in a command for an offset from the message's header, but at
// least pos. As in Zeek, the command is assumed to be the message's first.
func (s *smb1State) skipTo(where string, offset uint16, pos int, b []byte) (int, bool) {
	to := int(offset) - smb1HeaderSize
	pos = max(pos, to)
	return pos, pos <= len(b) || s.outOfBounds(where, to, len(b)-pos)
}

// take returns n bytes of b from pos on, and the position after them.
func (s *smb1State) take(where string, b []byte, pos, n int) ([]byte, int, bool) {
	if !s.need(where, pos+n, b) || n < 0 {
		return nil, pos, false
	}
	return b[pos : pos+n], pos + n, true
}

// chain parses the command chained to c, if any, by the AndX words after the word count
// (MS-CIFS section 2.2.3.4). end is the end of c as parsed. As in Zeek, the next command
// begins there, or one byte later if the offset says so, and the offset must be greater than
// last.
func (s *smb1State) chain(where string, c *smb1Command, last uint16, end int, isOrig bool) bool {
	next, offset := c.b[1], le16(c.b, 3)
	if at := int(c.offset) + end; offset != 0 && int(offset) < at+2 {
		skip := int(offset) - at
		if skip < 0 || end+skip > len(c.b) {
			return s.outOfBounds(where, end+skip, len(c.b))
		}
		end += skip
	}
	limit := s.a.f.opt.AndX
	if next != smb1NoAndXCommand && (c.depth <= limit || limit == 0) && offset > last {
		n := smb1Command{b: c.b[end:], offset: c.offset + uint16(end), depth: c.depth + 1}
		if !s.command(next, &n, isOrig) {
			return false
		}
	}
	if next != smb1NoAndXCommand && offset <= last {
		s.weirdChain("smb_andx_offset_not_advancing")
	}
	if next != smb1NoAndXCommand && c.depth >= limit && limit > 0 {
		s.a.Limited(source, "andx_depth")
		s.weirdChain("smb_andx_depth_exceeded")
	}
	return true
}

func (s *smb1State) weirdChain(name string) {
	s.a.Weird(name, "", source)
	s.a.Conn().NoteUnknown()
}

// command parses a command and raises its events. It returns false if the command is
// malformed.
func (s *smb1State) command(code byte, c *smb1Command, isOrig bool) bool {
	if isOrig {
		return s.request(code, c)
	}
	return s.response(code, c)
}

func (s *smb1State) request(code byte, c *smb1Command) bool {
	switch code {
	case smb1Negotiate:
		return s.negotiateRequest(c)
	case smb1SessionSetupAndX:
		return s.sessionSetupRequest(c)
	case smb1LogoffAndX:
		return s.logoff(c, true)
	case smb1TreeConnectAndX:
		return s.treeConnectRequest(c)
	case smb1TreeDisconnect:
		return s.treeDisconnect(c, true)
	case smb1NTCreateAndX:
		return s.createRequest(c)
	case smb1ReadAndX:
		return s.readRequest(c)
	case smb1WriteAndX:
		return s.writeRequest(c)
	case smb1Close:
		return s.closeRequest(c)
	case smb1LockingAndX:
		return s.lockingRequest(c)
	case smb1CreateDirectory:
		return s.createDirectoryRequest(c)
	case smb1CheckDirectory:
		return s.checkDirectoryRequest(c)
	case smb1QueryInformation:
		return s.queryInformationRequest(c)
	case smb1Echo:
		return s.echoRequest(c)
	case smb1NTCancel:
		return s.cancelRequest(c)
	case smb1Transaction:
		return s.transactionRequest(c)
	case smb1TransactionSecondary:
		return s.transactionSecondaryRequest(c)
	case smb1Transaction2:
		return s.transaction2Request(c)
	case smb1Transaction2Secondary:
		return s.transaction2SecondaryRequest(c)
	case smb1NTTransact:
		return s.need("SMB1_nt_transact_request:word_count", 1, c.b)
	}
	return true
}

func (s *smb1State) response(code byte, c *smb1Command) bool {
	switch code {
	case smb1Negotiate:
		return s.negotiateResponse(c)
	case smb1SessionSetupAndX:
		return s.sessionSetupResponse(c)
	case smb1LogoffAndX:
		return s.logoff(c, false)
	case smb1TreeConnectAndX:
		return s.treeConnectResponse(c)
	case smb1TreeDisconnect:
		return s.treeDisconnect(c, false)
	case smb1NTCreateAndX:
		return s.createResponse(c)
	case smb1ReadAndX:
		return s.readResponse(c)
	case smb1WriteAndX:
		return s.writeResponse(c)
	case smb1Close:
		return s.closeResponse(c)
	case smb1CreateDirectory:
		return s.createDirectoryResponse(c)
	case smb1CheckDirectory:
		return s.checkDirectoryResponse(c)
	case smb1QueryInformation:
		return s.need("SMB1_query_information_response", 23, c.b)
	case smb1Echo:
		return s.echoResponse(c)
	case smb1Transaction:
		return s.transactionResponse(c)
	case smb1Transaction2:
		return s.transaction2Response(c)
	case smb1NTTransact:
		return s.need("SMB1_nt_transact_response:word_count", 1, c.b)
	}
	return true
}
