package http2

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/net/http2/hpack"

	"github.com/wirelog/wirelog/dissect/event"
)

// Types of frames (RFC 9113 section 6).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRSTStream    = 0x3
	frameSettings     = 0x4
	framePushPromise  = 0x5
	frameGoAway       = 0x7
	frameContinuation = 0x9
)

// Flags of frames.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

const (
	headerSize = 9
	// minLargest is the number of bytes of a frame that needs no setting, maxLargest that which
	// a setting may allow (RFC 9113 section 4.2).
	minLargest = 1 << 14
	maxLargest = 1<<24 - 1
	// maxControl bounds the bytes of a frame without headers or data that are kept; the rest
	// of a GOAWAY is text for people.
	maxControl = 4096
)

// mode is what becomes of a frame's payload.
type mode uint8

const (
	modeSkip   mode = iota
	modeData        // it is passed on as it arrives
	modeGather      // it is needed whole
)

// side is one direction of a connection.
type side struct {
	a      *analyzer
	isOrig bool

	prefaced int // bytes of the preface that have arrived
	began    bool
	dead     bool // frames have been lost

	header  [headerSize]byte
	nheader int
	mode    mode
	typ     byte
	flags   byte
	padded  bool   // the length of the padding is known
	stream  uint32 // of the frame
	left    uint32 // bytes of the payload that have not arrived
	padding uint32 // bytes at its end
	buf     []byte // of a frame that is gathered

	// Headers in several frames.
	block     []byte
	open      bool   // more is to come
	blockOf   uint32 // stream
	promised  uint32 // stream that a PUSH_PROMISE announces, or 0
	endStream bool
	kept      int // bytes on the connection's account

	decoder  *hpack.Decoder
	table    uint32 // largest size of the decoder's table
	lost     bool   // headers cannot be decoded any more
	accepted uint32 // largest frame that the side accepts
}

func (s *side) reset(a *analyzer, isOrig bool) {
	*s = side{a: a, isOrig: isOrig, buf: s.buf[:0], block: s.block[:0], table: 4096, accepted: minLargest}
	if !isOrig {
		s.prefaced = len(preface)
	}
}

// keptBuffer is the largest capacity of a buffer that is reused.
const keptBuffer = 4096

func (s *side) release() {
	s.hold(0)
	s.a.HoldState(-int(s.table - 4096))
	s.decoder = nil
	if cap(s.buf) > keptBuffer {
		s.buf = nil
	}
	if cap(s.block) > keptBuffer {
		s.block = nil
	}
}

// hold makes n the bytes of incomplete frames on the connection's account.
func (s *side) hold(n int) {
	if n != s.kept {
		s.a.Hold(n - s.kept)
		s.kept = n
	}
}

// take takes some of b and returns the rest.
func (s *side) take(b []byte) []byte {
	a := s.a
	if s.prefaced < len(preface) {
		n := min(len(preface)-s.prefaced, len(b))
		if string(b[:n]) != preface[s.prefaced:s.prefaced+n] {
			a.violate("no preface of HTTP/2")
			return nil
		}
		if s.prefaced += n; s.prefaced == len(preface) {
			a.Confirm()
		}
		return b[n:]
	}
	if s.nheader < headerSize {
		n := copy(s.header[s.nheader:], b)
		if s.nheader += n; s.nheader == headerSize {
			s.begin()
			if !a.off && s.left == 0 {
				s.finish(nil)
			}
		}
		return b[n:]
	}
	n := int(min(uint64(s.left), uint64(len(b))))
	piece := b[:n]
	switch s.mode {
	case modeSkip:
		s.left -= uint32(n)
	case modeData:
		s.data(piece)
	case modeGather:
		s.left -= uint32(n)
		if s.left == 0 && len(s.buf) == 0 {
			s.finish(piece)
			return b[n:]
		}
		s.buf = append(s.buf, piece...)
		s.hold(cap(s.buf) + cap(s.block))
		if a.Full(source) {
			if s.hasHeaders() {
				s.lose("")
			}
			s.mode, s.buf = modeSkip, nil
		}
	}
	if s.left == 0 && !a.off {
		s.finish(s.buf)
	}
	return b[n:]
}

// begin reads the header of a frame (RFC 9113 section 4.1).
func (s *side) begin() {
	a, h := s.a, &s.header
	length := uint32(h[0])<<16 | uint32(h[1])<<8 | uint32(h[2])
	s.typ, s.flags, s.stream, s.left = h[3], h[4], binary.BigEndian.Uint32(h[5:])&(1<<31-1), length
	s.padded, s.padding = s.flags&flagPadded == 0, 0
	if !s.began && (s.typ != frameSettings || s.stream != 0 || s.flags&flagAck != 0) {
		a.violate("the first frame is no SETTINGS")
		return
	}
	s.began = true
	if length > a.largest {
		a.violate("a frame is longer than allowed")
		return
	}
	if s.open && (s.typ != frameContinuation || s.stream != s.blockOf) || !s.open && s.typ == frameContinuation {
		a.violate("headers are not continued")
		return
	}
	s.mode = modeSkip
	switch s.typ {
	case frameData:
		s.mode = modeData
	case frameHeaders, framePushPromise, frameContinuation:
		s.mode = modeGather
		if s.lost {
			s.mode = modeSkip
		} else if int(length)+len(s.block) > a.f.opt.Block {
			s.lose("header_block")
			s.mode = modeSkip
		}
	case frameRSTStream, frameSettings:
		if length <= maxControl {
			s.mode = modeGather
		}
	case frameGoAway:
		s.mode = modeGather
		if length > maxControl {
			s.mode = modeSkip
		}
	}
}

// lose gives up the headers of a side: those that follow may refer to what was not decoded.
func (s *side) lose(limit string) {
	s.lost = true
	s.block = s.block[:0]
	a := s.a
	if limit != "" {
		a.Limited(source, limit)
	}
	a.Weird("HTTP2_headers_lost", limit, source)
	a.Opaque()
}

// finish ends a frame with the payload b, if it was gathered.
func (s *side) finish(b []byte) {
	if s.mode == modeGather {
		s.frame(b)
	} else if s.hasHeaders() {
		s.skipped()
	}
	if !s.a.off {
		s.frameDone()
	}
}

func (s *side) hasHeaders() bool {
	return s.typ == frameHeaders || s.typ == frameContinuation || s.typ == framePushPromise
}

// frameDone prepares for the next frame, and ends a body.
func (s *side) frameDone() {
	if s.typ == frameData && s.flags&flagEndStream != 0 {
		if x := s.a.find(s.stream); x != nil {
			s.a.endSide(x, s.index())
		}
	}
	s.nheader = 0
	s.buf = s.buf[:0]
	if cap(s.buf) > keptBuffer {
		s.buf = nil
	}
	if s.kept > 0 {
		n := 0
		if s.open {
			n = cap(s.block)
		}
		s.hold(n)
	}
}

func (s *side) index() int {
	if s.isOrig {
		return 0
	}
	return 1
}

// skipped follows headers that are not read.
func (s *side) skipped() {
	if s.typ != frameContinuation {
		s.blockOf, s.promised, s.endStream = s.stream, 0, s.typ == frameHeaders && s.flags&flagEndStream != 0
	}
	if s.open = s.flags&flagEndHeaders == 0; !s.open {
		s.a.headersLost(s)
	}
}

// frame takes a whole frame that is no data.
func (s *side) frame(b []byte) {
	a := s.a
	switch s.typ {
	case frameSettings:
		s.settings(b)
	case frameRSTStream:
		s.rstStream(b)
	case frameGoAway:
		if e := a.f.hooks.GoAwayEvent.Begin(); e != nil && len(b) >= 8 {
			*e = event.HTTP2GoAwayEvent{
				Conn: a.Conn(), IsOrig: s.isOrig, Stream: uint64(s.stream),
				LastStream: uint64(binary.BigEndian.Uint32(b) & (1<<31 - 1)), Error: errorName(binary.BigEndian.Uint32(b[4:])),
			}
			a.f.hooks.GoAwayEvent.Raise(e)
		}
	case frameContinuation:
		s.fragment(b)
	case frameHeaders, framePushPromise:
		b, ok := s.unpad(b)
		if !ok {
			a.violate("the padding is longer than its frame")
			return
		}
		s.blockOf, s.promised, s.endStream = s.stream, 0, s.typ == frameHeaders && s.flags&flagEndStream != 0
		skip := 0
		switch {
		case s.typ == framePushPromise:
			skip = 4
		case s.flags&flagPriority != 0:
			skip = 5
		}
		if len(b) < skip {
			a.violate("a frame is too short")
			return
		}
		if s.typ == framePushPromise {
			s.promised = binary.BigEndian.Uint32(b) & (1<<31 - 1)
		}
		s.fragment(b[skip:])
	}
}

// unpad takes the padding off b. ok is false if b is too short for it.
func (s *side) unpad(b []byte) (rest []byte, ok bool) {
	if s.flags&flagPadded == 0 {
		return b, true
	}
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, false
	}
	return b[1 : len(b)-int(b[0])], true
}

// fragment takes a part of headers.
func (s *side) fragment(b []byte) {
	if s.open = s.flags&flagEndHeaders == 0; s.open || len(s.block) > 0 {
		s.block = append(s.block, b...)
		if s.open {
			s.hold(cap(s.buf) + cap(s.block))
			return
		}
		b = s.block
	}
	s.a.headers(s, b)
	if s.block = s.block[:0]; cap(s.block) > keptBuffer {
		s.block = nil
	}
}

// settings reads what a side asks of the other (RFC 9113 section 6.5).
func (s *side) settings(b []byte) {
	a := s.a
	for ; len(b) >= 6; b = b[6:] {
		v := binary.BigEndian.Uint32(b[2:])
		switch binary.BigEndian.Uint16(b) {
		case 0x1: // SETTINGS_HEADER_TABLE_SIZE is about what the other side encodes
			o := &a.sides[1-s.index()]
			if v = min(v, uint32(a.f.opt.Table)); v > o.table {
				a.HoldState(int(v - o.table))
				o.table = v
				if o.decoder != nil {
					o.decoder.SetAllowedMaxDynamicTableSize(v)
				}
			}
		case 0x5: // SETTINGS_MAX_FRAME_SIZE
			a.largest = max(a.largest, min(v, maxLargest))
		}
	}
}

func (s *side) rstStream(b []byte) {
	a := s.a
	x := a.find(s.stream)
	if len(b) != 4 || x == nil {
		return
	}
	if e := a.f.hooks.RSTStreamEvent.Begin(); e != nil {
		*e = event.HTTP2RSTStreamEvent{Conn: a.Conn(), IsOrig: s.isOrig, Stream: uint64(s.stream), Error: errorName(binary.BigEndian.Uint32(b))}
		a.f.hooks.RSTStreamEvent.Raise(e)
	}
	a.endStream(x)
}

// data takes bytes of a DATA frame.
func (s *side) data(b []byte) {
	if !s.padded {
		s.padded = true
		s.left--
		if s.padding = uint32(b[0]); s.padding > s.left {
			s.a.violate("the padding is longer than its frame")
			return
		}
		b = b[1:]
	}
	n := min(uint32(len(b)), s.left-min(s.left, s.padding))
	s.left -= uint32(len(b))
	if n == 0 {
		return
	}
	if x := s.a.find(s.stream); x != nil {
		s.a.bodyData(x, s.index(), b[:n])
	}
}

// errorNames are the error codes (RFC 9113 section 7).
var errorNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

func errorName(code uint32) string {
	if code < uint32(len(errorNames)) {
		return errorNames[code]
	}
	return strconv.FormatUint(uint64(code), 10)
}
