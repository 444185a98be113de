package smb

import (
	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/event"
)

const (
	// smb1HeaderSize is the length of a message's header (MS-CIFS section 2.2.3.1).
	smb1HeaderSize = 32
	// smb1EmptySize is the length of a message with neither words nor bytes.
	smb1EmptySize = smb1HeaderSize + 3

	smb1FlagUnicode = 0x8000 // SMB_FLAGS2_UNICODE

	statusSuccess = 0
)

// smb1State is a connection's SMB1 state, apart from its session.
type smb1State struct {
	a *analyzer
	// file is the file named last. As in Zeek, data in responses is attributed to it.
	file *openFile
	// calls holds the parser's state of unanswered requests by MID.
	calls map[uint16]smb1Call

	// The fields below belong to the current message.
	hdr     event.SMB1Header
	isOrig  bool
	unicode bool
	pipe    bool // the tree is known to hold named pipes
	tree    *tree
	text    []byte          // decoded strings
	fault   *wire.Malformed // set if the message is malformed
}

// smb1Call is what the parser must know of a request to parse its response.
type smb1Call struct {
	offset uint64 // of a read
	pipe   bool   // a transaction on a named pipe
}

// maxKeptText is the size of the largest text buffer kept for reuse.
const maxKeptText = 64 << 10

func (s *smb1State) reset(a *analyzer) {
	s.a = a
	s.file, s.tree = nil, nil
	s.hdr = event.SMB1Header{}
	s.calls = emptied(s.calls)
	if s.text = s.text[:0]; cap(s.text) > maxKeptText {
		s.text = nil
	}
}

// message parses an SMB1 message, magic number included.
func (s *smb1State) message(isOrig bool, b []byte) {
	s.isOrig, s.text = isOrig, s.text[:0]
	ok := s.header(b)
	if ok {
		s.begin()
		if len(b) == smb1EmptySize {
			s.empty()
		} else {
			c := smb1Command{b: b[smb1HeaderSize:], offset: smb1HeaderSize}
			ok = s.command(b[4], &c, isOrig)
		}
		s.end()
	}
	if !ok {
		s.a.violate(s.fault.Error())
	}
}

// header parses the header (MS-CIFS section 2.2.3.1).
func (s *smb1State) header(b []byte) bool {
	if len(b) < smb1HeaderSize {
		return s.outOfBounds("SMB_PDU:header", smb1HeaderSize-4, len(b)-4)
	}
	s.hdr = event.SMB1Header{
		Command: uint64(b[4]), Status: u32(b, 5), Flags: uint64(b[9]), Flags2: u16(b, 10),
		TID: u16(b, 24), PID: u16(b, 12)<<16 | u16(b, 26), UID: u16(b, 28), MID: u16(b, 30),
	}
	s.unicode = s.hdr.Flags2&smb1FlagUnicode != 0
	s.pipe = s.a.session.pipes[uint32(s.hdr.TID)]
	if e := s.a.f.hooks.SMB1Message.Begin(); e != nil {
		*e = event.SMB1Message{Conn: s.a.Conn(), Hdr: s.hdr, IsOrig: s.isOrig}
		s.a.f.hooks.SMB1Message.Raise(e)
	}
	return true
}

// begin finds the message's tree and the state of its request.
func (s *smb1State) begin() {
	ss := &s.a.session
	s.tree = ss.trees[uint32(s.hdr.TID)]
	if s.tree == nil {
		s.tree = new(tree)
		s.a.setTree(uint32(s.hdr.TID), s.tree)
	}
	r, ok := ss.requests[s.hdr.MID]
	if !ok {
		r = request{tree: s.tree}
	}
	ss.cur = r
}

// end keeps a request's state until it is answered.
func (s *smb1State) end() {
	ss := &s.a.session
	if !s.isOrig {
		delete(ss.requests, s.hdr.MID)
		return
	}
	if limit := s.a.f.opt.Pending; limit > 0 && len(ss.requests) >= limit {
		s.a.Limited(source, "pending_requests")
		clear(ss.requests)
	}
	if ss.requests == nil {
		ss.requests = make(map[uint64]request)
	}
	ss.requests[s.hdr.MID] = ss.cur
}

// call returns the parser's state of the message's request, and setCall records it. A zero
// smb1Call is not stored.
func (s *smb1State) call() smb1Call { return s.calls[uint16(s.hdr.MID)] }

func (s *smb1State) setCall(c smb1Call) {
	mid := uint16(s.hdr.MID)
	if c == (smb1Call{}) {
		delete(s.calls, mid)
		return
	}
	if limit := s.a.f.opt.Pending; limit > 0 && len(s.calls) >= limit {
		s.a.Limited(source, "pending_requests")
		clear(s.calls)
	}
	if s.calls == nil {
		s.calls = make(map[uint16]smb1Call)
	}
	s.calls[mid] = c
}

// empty handles a message that consists of a header only.
func (s *smb1State) empty() {
	if s.hdr.Status == statusSuccess {
		s.emptyResponse()
	} else if e := s.a.f.hooks.SMB1Error.Begin(); e != nil {
		*e = event.SMB1Error{Conn: s.a.Conn(), Hdr: s.hdr, IsOrig: s.isOrig}
		s.a.f.hooks.SMB1Error.Raise(e)
	}
}

func (s *smb1State) emptyResponse() {
	if e := s.a.f.hooks.SMB1EmptyResponse.Begin(); e != nil {
		*e = event.SMB1EmptyResponse{Conn: s.a.Conn(), Hdr: s.hdr}
		s.a.f.hooks.SMB1EmptyResponse.Raise(e)
	}
}
