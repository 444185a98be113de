package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// ntp builds ntp.log after Zeek's base/protocols/ntp: a row a message of modes 0 to 5.
type ntp struct {
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.NTP
	uidBuf []byte
	refID  []byte
}

func installNTP(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &ntp{out: out, now: o.Now}
	h.NTP.Message.Listen(b.message)
}

// ntpModes is the number of modes that have rows.
const ntpModes = 6

func (b *ntp) message(e *event.NTPMessage) {
	if e.Msg.Mode >= ntpModes {
		return
	}
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.NTP{
		TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id),
		Version: value.Some(e.Msg.Version), Mode: value.Some(e.Msg.Mode),
	}
	if m := &e.Msg.StdMsg.V; e.Msg.StdMsg.OK {
		r := &b.rec
		r.Stratum, r.Poll, r.Precision = value.Some(m.Stratum), value.Some(m.Poll), value.Some(m.Precision)
		r.RootDelay, r.RootDisp = value.Some(m.RootDelay), value.Some(m.RootDisp)
		switch {
		case m.KissCode.OK:
			r.RefID = value.Some(text(m.KissCode.V))
		case m.RefID.OK:
			r.RefID = value.Some(text(m.RefID.V))
		case m.RefAddr.OK:
			b.refID = m.RefAddr.V.AppendTo(b.refID[:0])
			r.RefID = value.Some(text(b.refID))
		}
		r.RefTime, r.OrgTime = value.Some(m.RefTime), value.Some(m.OrgTime)
		r.RecTime, r.XmtTime = value.Some(m.RecTime), value.Some(m.XmtTime)
		r.NumExts = m.NumExts
	}
	b.out.Emit(&b.rec)
}
