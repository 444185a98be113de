package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// wireGuard builds wireguard.log after Corelight's package zeek-spicy-wireguard: a row for each
// connection with messages of a handshake.
type wireGuard struct {
	states[wireGuardState]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.WireGuard
	uidBuf []byte
}

type wireGuardState struct {
	ts                     value.Time
	sender                 value.Opt[uint64] // index of the last initiation
	established            bool
	initiations, responses uint64
}

func installWireGuard(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &wireGuard{out: out, now: o.Now}
	b.init(h, b.write)
	h.WireGuard.HandshakeInitiation.Listen(func(e *event.WireGuardHandshakeInitiation) {
		s := b.state(e.Conn)
		s.initiations++
		s.sender = value.Some(e.SenderIndex)
	})
	h.WireGuard.HandshakeResponse.Listen(func(e *event.WireGuardHandshakeResponse) {
		s := b.state(e.Conn)
		s.responses++
		if s.sender == value.Some(e.ReceiverIndex) {
			s.established = true
		}
	})
}

func (b *wireGuard) state(c event.Conn) *wireGuardState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = wireGuardState{ts: b.now()}
	}
	return s
}

func (b *wireGuard) write(c event.Conn, s *wireGuardState) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.WireGuard{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		Established: s.established, Initiations: s.initiations, Responses: s.responses,
	}
	b.out.Emit(&b.rec)
}
