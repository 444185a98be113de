// Package websocket analyzes HTTP connections that have become WebSockets (RFC 6455). It
// parses the frames and passes their payload to the protocol that is detected in it.
package websocket

import (
	"encoding/binary"
	"strconv"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/freelist"
)

// Source is the source of the handshake's weirds, as in Zeek's script.
const Source = "WebSocket"

// source is the source of the other weirds, the name of Zeek's analyzer.
const source = "WEBSOCKET"

// Opcodes (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPong         = 0xa
)

const (
	// chunkSize is the largest number of payload bytes delivered at a time
	// (WebSocket::payload_chunk_size).
	chunkSize = 8192
	// maxControl is the number of a control frame's payload bytes that are analyzed (RFC
	// 6455 section 5.5; WebSocket::max_control_frame_size).
	maxControl = 125
	maxHeader  = 14
)

// New returns the protocol for one shard. HTTP attaches its analyzers, which raise their
// events on h.
func New(h *event.Hooks) *conn.Protocol {
	f := &factory{hooks: &h.WebSocket}
	return &conn.Protocol{Name: "WEBSOCKET", Service: "WEBSOCKET", New: f.new, Size: freelist.Size[analyzer]()}
}

// factory makes the analyzers of a shard.
type factory struct {
	hooks *event.WebSocketEvents
	free  freelist.List[analyzer]
}

// flow is one direction of a connection.
type flow struct {
	header  [maxHeader]byte
	nheader int
	inFrame bool

	fin    bool
	opcode byte // of the frame
	// inMessage is set until the last frame of a message has arrived. message is the
	// opcode of the message's first frame.
	message   byte
	inMessage bool
	masked    bool
	key       [4]byte
	keyAt     int
	left      uint64 // bytes of the payload that have not arrived
	emit      uint64 // bytes of the payload that are still to be analyzed
	chunk     []byte // unmasked start of a chunk
}

// analyzer follows one connection.
type analyzer struct {
	f *factory
	conn.Use
	flow  [2]flow
	inner conn.Handover
	gap   bool
}

func (f *factory) new(u conn.Use) conn.Analyzer {
	a := f.free.Get()
	chunks := [2][]byte{a.flow[0].chunk[:0], a.flow[1].chunk[:0]}
	*a = analyzer{f: f, Use: u}
	a.flow[0].chunk, a.flow[1].chunk = chunks[0], chunks[1]
	if e := f.hooks.Established.Begin(); e != nil {
		*e = event.WebSocketEstablished{Conn: u.Conn(), AID: 1}
		f.hooks.Established.Raise(e)
	}
	a.inner = u.Inner()
	return a
}

// Data analyzes the next bytes of a side.
func (a *analyzer) Data(isOrig bool, b []byte) {
	w := &a.flow[0]
	if !isOrig {
		w = &a.flow[1]
	}
	all := b
	for len(b) > 0 && !a.gap && a.f != nil {
		if !w.inFrame {
			n, ok := w.readHeader(b)
			b = b[n:]
			if !ok {
				return
			}
			if !a.beginFrame(isOrig, w) {
				w.restart()
				a.Violate(conn.Violation{Reason: "binpac exception: binpac exception: &enforce violation : WebSocket_FrameHeader:first2", Data: all})
				return
			}
			if w.left > 0 {
				continue
			}
		} else {
			n := min(uint64(len(b)), w.left, uint64(chunkSize-len(w.chunk)))
			piece := b[:n]
			b = b[n:]
			w.left -= n
			if !a.payload(isOrig, w, piece) {
				w.restart()
				a.Violate(conn.Violation{Reason: "binpac exception: binpac exception: out_of_bound: WebSocket_FramePayloadClose:status: 2 > 1", Data: all})
				return
			}
		}
		if a.f != nil && w.left == 0 {
			a.endFrame(isOrig, w)
		}
	}
}

// restart resets the flow after a malformed frame, so that a new message begins.
func (w *flow) restart() { *w = flow{chunk: w.chunk[:0]} }

// readHeader collects the header of a frame. It returns how many bytes of b it consumed
// and whether the header is complete.
func (w *flow) readHeader(b []byte) (n int, ok bool) {
	for {
		need := 2
		if w.nheader >= 2 {
			switch w.header[1] & 0x7f {
			case 126:
				need += 2
			case 127:
				need += 8
			}
			if w.header[1]&0x80 != 0 {
				need += len(w.key)
			}
		}
		if w.nheader >= need {
			return n, true
		}
		k := copy(w.header[w.nheader:need], b[n:])
		if k == 0 {
			return n, false
		}
		w.nheader += k
		n += k
	}
}

// beginFrame parses a header (RFC 6455 section 5.2) and reports whether the frame is
// allowed at this point. As in Zeek, only continuation frames may follow the first frame of
// a message, although RFC 6455 section 5.4 permits control frames in between.
func (a *analyzer) beginFrame(isOrig bool, w *flow) bool {
	h := w.header[:w.nheader]
	w.nheader = 0
	w.fin, w.opcode = h[0]&0x80 != 0, h[0]&0xf
	w.masked = h[1]&0x80 != 0
	rsv := h[0] >> 4 & 7
	rest := h[2:]
	switch n := h[1] & 0x7f; n {
	case 126:
		w.left = uint64(binary.BigEndian.Uint16(rest))
		rest = rest[2:]
	case 127:
		w.left = binary.BigEndian.Uint64(rest)
		rest = rest[8:]
	default:
		w.left = uint64(n)
	}
	w.keyAt = 0
	if w.masked {
		copy(w.key[:], rest)
	}
	if w.inMessage != (w.opcode == opContinuation) {
		return false
	}
	if !w.inMessage {
		w.inMessage, w.message = true, w.opcode
	}
	w.inFrame = true
	w.emit = w.left
	if w.message >= opClose && w.message <= opPong && w.left > maxControl {
		a.Weird("websocket_control_frame_size_exceeded",
			strconv.FormatUint(w.left, 10)+" > "+strconv.Itoa(maxControl), source)
		w.emit = maxControl
	}
	if e := a.f.hooks.Frame.Begin(); e != nil {
		*e = event.WebSocketFrame{Conn: a.Conn(), IsOrig: isOrig, Fin: w.fin, RSV: uint64(rsv),
			Opcode: uint64(w.opcode), PayloadLen: w.left}
		a.f.hooks.Frame.Raise(e)
	}
	if w.opcode == opClose && w.left == 0 {
		a.raiseClose(isOrig, 0, nil)
	}
	return true
}

// payload handles bytes of the frame's payload; w.left bytes follow them. It reports
// whether they are well formed.
func (a *analyzer) payload(isOrig bool, w *flow, b []byte) bool {
	whole := len(w.chunk) == 0 && (len(b) == chunkSize || w.left == 0)
	if w.masked || !whole {
		at := len(w.chunk)
		w.chunk = append(w.chunk, b...)
		if w.masked {
			for i := range w.chunk[at:] {
				w.chunk[at+i] ^= w.key[w.keyAt&3]
				w.keyAt++
			}
			w.keyAt &= 3
		}
		b = w.chunk
		if len(b) < chunkSize && w.left > 0 {
			return true
		}
		w.chunk = w.chunk[:0]
	}
	seen := b[:min(uint64(len(b)), w.emit)]
	w.emit -= uint64(len(seen))
	if e := a.f.hooks.FrameData.Begin(); e != nil {
		*e = event.WebSocketFrameData{Conn: a.Conn(), IsOrig: isOrig, Data: seen}
		a.f.hooks.FrameData.Raise(e)
	}
	switch {
	case w.opcode == opClose:
		if len(seen) == 1 {
			return false
		}
		if len(seen) >= 2 {
			a.raiseClose(isOrig, uint64(binary.BigEndian.Uint16(seen)), seen[2:])
		}
	case (w.message == opText || w.message == opBinary):
		a.inner.Data(isOrig, b)
	}
	return true
}

func (a *analyzer) raiseClose(isOrig bool, status uint64, reason []byte) {
	if e := a.f.hooks.Close.Begin(); e != nil {
		*e = event.WebSocketClose{Conn: a.Conn(), IsOrig: isOrig, Status: status, Reason: reason}
		a.f.hooks.Close.Raise(e)
	}
}

func (a *analyzer) endFrame(isOrig bool, w *flow) {
	w.inFrame = false
	if !w.fin {
		return
	}
	w.inMessage = false
	a.Confirm()
	if e := a.f.hooks.Message.Begin(); e != nil {
		*e = event.WebSocketMessage{Conn: a.Conn(), IsOrig: isOrig, Opcode: uint64(w.message)}
		a.f.hooks.Message.Raise(e)
	}
}

// Gap stops the analysis, because frame boundaries are no longer known.
func (a *analyzer) Gap(bool, uint64) { a.gap = true }

// End does nothing: an incomplete message is ignored.
func (a *analyzer) End(bool) {}

// Done returns the analyzer to the free list.
func (a *analyzer) Done() {
	if a.f == nil {
		return
	}
	a.inner.Done()
	f := a.f
	a.f, a.Use = nil, conn.Use{}
	f.free.Put(a)
}
