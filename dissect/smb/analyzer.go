package smb

import (
	"encoding/binary"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/files"
	"github.com/wirelog/wirelog/dissect/wire"
)

const (
	// frameHeader is the length of what precedes every message: a type and 24 bits of
	// length (MS-SMB2 section 2.1; for RFC 1002 section 4.3.1 the length has 17 bits).
	frameHeader = 4

	// maxFrame is how long a frame may be to be kept until it is complete. It is where
	// Zeek's buffers end.
	maxFrame = 10 << 20

	// confirmAfter is the number of deliveries of bytes after which Zeek believes the protocol.
	// Not to depend on the segmentation, a delivery is taken for a frame, or for as much of a
	// long one as a segment on Ethernet has.
	confirmAfter = 3
	segment      = 1460
)

// Magic numbers at the beginning of a message.
const (
	magicSMB1      = 0xff534d42 // MS-CIFS section 2.2.3.1
	magicSMB2      = 0xfe534d42 // MS-SMB2 section 2.2.1
	magicTransform = 0xfd534d42 // encrypted: MS-SMB2 section 2.2.41
)

const magicSize = 4

func magic(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// analyzer follows one connection. Sides are 0 for the originator, 1 for the responder.
type analyzer struct {
	f *factory
	t *conn.Table
	c *conn.Conn

	// pending are bytes of a frame that is not complete.
	pending [2][]byte
	// lost tells that it is not known where in a side's bytes a frame begins, and stale
	// that the first one to be found is passed over.
	lost, stale [2]bool
	// parsed tells that a side has sent something that was understood.
	parsed [2]bool
	side   int // whose bytes are at work
	// seen tells that a message was seen, of either side.
	seen       bool
	deliveries int  // without a violation, up to confirmAfter
	violated   bool // the frame at work
	off        bool
	// netbios tells that the connection is one of the NetBIOS session service.
	netbios bool
	carrier [2]files.Carrier

	session session
	inner   inner
	smb1    smb1State
	smb2    smb2State
}

func (a *analyzer) reset(f *factory, t *conn.Table, c *conn.Conn) {
	a.f, a.t, a.c = f, t, c
	a.lost = [2]bool{c.Partial(), c.Partial()}
	a.stale, a.parsed = [2]bool{}, [2]bool{}
	a.seen, a.deliveries, a.violated, a.off = false, 0, false, false
	a.netbios = c.RespPort() == netbiosPort
	for i := range a.carrier {
		a.carrier[i] = files.Carrier{Source: source, Conn: c, IsOrig: i == 0}
	}
	a.session.reset()
	a.inner.reset()
	a.smb1.reset(a)
	a.smb2.reset()
}

func index(isOrig bool) int {
	if isOrig {
		return 0
	}
	return 1
}

// Data takes the next bytes of a stream.
func (a *analyzer) Data(isOrig bool, b []byte) {
	if a.off {
		return
	}
	i := index(isOrig)
	if a.lost[i] {
		if !a.found(i, b) {
			return
		}
		if a.stale[i] {
			a.stale[i] = false
			a.lost = [2]bool{true, true}
			return
		}
		a.lost[i] = false
	}
	a.parsed[i], a.side = true, i
	kept := len(a.pending[i]) > 0
	if kept {
		a.keep(i, b)
		b = a.pending[i]
	}
	for !a.off && !a.lost[i] {
		n := a.frame(isOrig, b)
		if n == 0 {
			break
		}
		b = b[n:]
	}
	switch {
	case a.off || a.lost[i]:
		return // nothing is kept
	case !kept:
		a.keep(i, b)
	case len(b) < len(a.pending[i]):
		a.t.Hold(len(b) - len(a.pending[i]))
		a.pending[i] = a.pending[i][:copy(a.pending[i], b)]
	}
	if a.t.Full(a.c, source) {
		a.lose(i)
	}
}

// keep adds b to what waits for the rest of its frame.
func (a *analyzer) keep(i int, b []byte) {
	a.pending[i] = append(a.pending[i], b...)
	a.t.Hold(len(b))
}

// found reports whether a frame begins with b, on a side that is lost. Like Zeek it goes
// by the segments, which mostly begin with one.
func (a *analyzer) found(i int, b []byte) bool {
	return startsMessage(b) ||
		len(b) >= frameHeader+4 && !a.lost[i^1] && a.seen && magic(b[frameHeader:]) == magicTransform
}

// lose forgets what there is of a side's frame, whose next one has to be found.
func (a *analyzer) lose(i int) {
	a.lost[i] = true
	a.discard(i)
}

func (a *analyzer) discard(i int) {
	a.t.Hold(-len(a.pending[i]))
	a.pending[i] = reuse(a.pending[i])
}

// reuse empties a buffer that is not too large to be kept.
func reuse(b []byte) []byte {
	if cap(b) > 64<<10 {
		return nil
	}
	return b[:0]
}

// frame takes a frame off b and returns its length, 0 if it is not complete.
func (a *analyzer) frame(isOrig bool, b []byte) int {
	if len(b) < frameHeader {
		return 0
	}
	head := binary.BigEndian.Uint32(b)
	typ, size := byte(head>>24), int(head&0xffffff)
	i := index(isOrig)
	if !a.seen && typ == sessionMessage && len(b) >= frameHeader+4 && !startsMessage(b) {
		// Something else than SMB: as long as there is no message of it, Zeek looks no
		// further.
		a.lose(i)
		return 0
	}
	if size > maxFrame {
		a.violate("Binpac exception: binpac exception: flow buffer exceeds its capacity")
		return 0
	}
	n := frameHeader + size
	if len(b) < n {
		if (a.seen || startsMessage(b)) && a.deliveries+deliveries(len(b)) >= confirmAfter {
			a.delivered(len(b))
		}
		return 0
	}
	if a.netbios {
		a.sessionPacket(isOrig, typ, b[frameHeader:n])
	}
	a.violated = false
	if typ == sessionMessage {
		a.seen = true
		a.payload(isOrig, b[frameHeader:n])
	}
	if a.seen && !a.violated {
		a.delivered(n)
	}
	return n
}

// deliveries is how many n bytes are taken for.
func deliveries(n int) int { return (n + segment - 1) / segment }

// delivered counts n bytes of a frame that are no violation, and confirms the protocol when
// there have been enough.
func (a *analyzer) delivered(n int) {
	if a.deliveries >= confirmAfter {
		return
	}
	if a.deliveries += deliveries(n); a.deliveries >= confirmAfter {
		a.t.Confirm(a.c, a)
	}
}

// payload takes what a frame carries: a message, or several of a compound.
func (a *analyzer) payload(isOrig bool, b []byte) {
	switch {
	case len(b) == 0:
	case len(b) < magicSize:
		a.violate(wire.OutOfBound("SMB_Protocol_Identifier:protocol", magicSize, len(b)).Error())
	case magic(b) == magicSMB1:
		a.smb1.message(isOrig, b)
	case magic(b) == magicSMB2:
		a.compound(isOrig, b)
	case magic(b) == magicTransform:
		a.transform(b)
	}
}

// violate tells of what SMB does not allow. Unless the analyzer is taken off for it after
// the packet, both sides look for their next frame, as after a gap.
func (a *analyzer) violate(reason string) {
	a.violated = true
	a.t.ViolateLate(a.c, a, reason)
	a.parsed[a.side] = false
	a.resync()
}

// resync makes both sides look for their next frame. As in Zeek, where the parser of a
// side that was understood so far has begun with a frame that does not come, it passes
// over the first one.
func (a *analyzer) resync() {
	for i := range a.lost {
		a.lose(i)
		a.stale[i] = a.stale[i] || a.parsed[i]
		a.parsed[i] = false
	}
}

// Gap makes both sides look for their next frame.
func (a *analyzer) Gap(bool, uint64) { a.resync() }

// End does nothing: a frame that is not complete stays so.
func (a *analyzer) End(bool) {}

// Flip follows the connection's change of roles.
func (a *analyzer) Flip() {
	a.pending[0], a.pending[1] = a.pending[1], a.pending[0]
	a.lost[0], a.lost[1] = a.lost[1], a.lost[0]
	a.stale[0], a.stale[1] = a.stale[1], a.stale[0]
	a.parsed[0], a.parsed[1] = a.parsed[1], a.parsed[0]
}

// Done keeps the analyzer for another connection.
func (a *analyzer) Done() {
	a.off = true
	a.discard(0)
	a.discard(1)
	a.closeInner()
	a.session.reset()
	a.f.free = append(a.f.free, a)
}

// scratch has the events of a shard's analyzers.
type scratch struct {
	netbios netbiosEvents
	smb1    smb1Events
	smb2    smb2Events

	heuristic      event.SMBPipeConnectHeuristic
	discardedState event.SMB2DiscardedMessagesState
	discardedPipes event.SMBDiscardedDCERPCAnalyzers
}
