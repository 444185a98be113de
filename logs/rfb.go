package logs

import (
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// rfb builds rfb.log after Zeek's base/protocols/rfb: a row a session, when the server has
// described its desktop or else when the connection ends.
type rfb struct {
	states[rfbState]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.RFB
	uidBuf []byte
}

// rfbState is the state of a session.
type rfbState struct {
	ts                           value.Time
	clientVersion, serverVersion bool // seen
	client, server               [2][3]byte
	method                       value.Opt[string]
	auth, share                  value.Opt[bool]
	done                         bool // the row was written
}

func installRFB(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &rfb{out: out, now: o.Now}
	b.init(h, func(c event.Conn, s *rfbState) {
		if !s.done {
			b.write(c, s, nil)
		}
	})
	h.RFB.ClientVersion.Listen(func(e *event.RFBClientVersion) {
		s := b.state(e.Conn)
		s.clientVersion = true
		copy(s.client[0][:], e.MajorVersion)
		copy(s.client[1][:], e.MinorVersion)
	})
	h.RFB.ServerVersion.Listen(func(e *event.RFBServerVersion) {
		s := b.state(e.Conn)
		s.serverVersion = true
		copy(s.server[0][:], e.MajorVersion)
		copy(s.server[1][:], e.MinorVersion)
	})
	h.RFB.AuthenticationType.Listen(func(e *event.RFBAuthenticationType) {
		b.state(e.Conn).method = value.Some(rfbMethod(e.AuthType))
	})
	h.RFB.AuthResult.Listen(func(e *event.RFBAuthResult) {
		b.state(e.Conn).auth = value.Some(!e.Result)
	})
	h.RFB.ShareFlag.Listen(func(e *event.RFBShareFlag) {
		b.state(e.Conn).share = value.Some(e.Flag)
	})
	h.RFB.ServerParameters.Listen(func(e *event.RFBServerParameters) {
		if s := b.state(e.Conn); !s.done {
			s.done = true
			b.write(e.Conn, s, e)
		}
	})
}

func (b *rfb) state(c event.Conn) *rfbState {
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		*s = rfbState{ts: b.now()}
	}
	return s
}

func (b *rfb) write(c event.Conn, s *rfbState, desktop *event.RFBServerParameters) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	r := &b.rec
	*r = schemas.RFB{
		TS: s.ts, UID: text(b.uidBuf), ID: Endpoints(&id),
		AuthenticationMethod: s.method, Auth: s.auth, ShareFlag: s.share,
	}
	if s.clientVersion {
		r.ClientMajorVersion, r.ClientMinorVersion = value.Some(text(s.client[0][:])), value.Some(text(s.client[1][:]))
	}
	if s.serverVersion {
		r.ServerMajorVersion, r.ServerMinorVersion = value.Some(text(s.server[0][:])), value.Some(text(s.server[1][:]))
	}
	if desktop != nil {
		r.DesktopName = value.Some(text(desktop.Name))
		r.Width, r.Height = value.Some(desktop.Width), value.Some(desktop.Height)
	}
	b.out.Emit(r)
}

// rfbMethod returns Zeek's name of a security type.
func rfbMethod(t uint64) string {
	switch t {
	case 0:
		return "Invalid"
	case 1:
		return "None"
	case 2:
		return "VNC"
	case 16:
		return "Tight"
	case 17:
		return "Ultra"
	case 18:
		return "TLS"
	case 19:
		return "VeNCrypt"
	case 20:
		return "GTK-VNC SASL"
	case 21:
		return "MD5 hash authentication"
	case 22:
		return "Colin Dean xvp"
	case 30:
		return "Apple Remote Desktop"
	}
	return "RealVNC"
}
