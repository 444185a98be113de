package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// dnp3 builds dnp3.log after Zeek's base/protocols/dnp3: a row a response, with the last
// request before it. A request that has no response by the end of the connection has a row
// too.
type dnp3 struct {
	states[dnp3Request]
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.DNP3
	uidBuf []byte
	names  [256]string // of function codes
}

// dnp3Request is the request that waits for a response.
type dnp3Request struct {
	ts       value.Time
	function uint8
}

func installDNP3(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &dnp3{out: out, now: o.Now}
	b.init(h, func(c event.Conn, s *dnp3Request) {
		b.write(c, s.ts, value.Some(b.name(s.function)), value.Opt[string]{}, value.Opt[uint64]{})
	})
	h.DNP3.ApplicationRequestHeader.Listen(func(e *event.DNP3ApplicationRequestHeader) {
		s := b.known(e.Conn)
		if s == nil {
			s = b.add(e.Conn)
		}
		*s = dnp3Request{ts: b.now(), function: uint8(e.FC)}
	})
	h.DNP3.ApplicationResponseHeader.Listen(func(e *event.DNP3ApplicationResponseHeader) {
		var request value.Opt[string]
		if s := b.known(e.Conn); s != nil {
			request = value.Some(b.name(s.function))
			b.drop(e.Conn, s)
		}
		b.write(e.Conn, b.now(), request, value.Some(b.name(uint8(e.FC))), value.Some(e.IIN))
	})
}

func (b *dnp3) write(c event.Conn, ts value.Time, request, reply value.Opt[string], iin value.Opt[uint64]) {
	id, uid := c.ID(), c.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.DNP3{TS: ts, UID: text(b.uidBuf), ID: Endpoints(&id), FCRequest: request, FCReply: reply, IIN: iin}
	b.out.Emit(&b.rec)
}

// name returns the name of a function code.
func (b *dnp3) name(code uint8) string {
	if b.names[code] == "" {
		b.names[code] = dnp3Functions[code]
		if b.names[code] == "" {
			b.names[code] = "unknown-" + strconv.Itoa(int(code))
		}
	}
	return b.names[code]
}

// dnp3Functions are Zeek's names of function codes (base/protocols/dnp3/consts).
var dnp3Functions = [256]string{
	0x00: "CONFIRM",
	0x01: "READ",
	0x02: "WRITE",
	0x03: "SELECT",
	0x04: "OPERATE",
	0x05: "DIRECT_OPERATE",
	0x06: "DIRECT_OPERATE_NR",
	0x07: "IMMED_FREEZE",
	0x08: "IMMED_FREEZE_NR",
	0x09: "FREEZE_CLEAR",
	0x0a: "FREEZE_CLEAR_NR",
	0x0b: "FREEZE_AT_TIME",
	0x0c: "FREEZE_AT_TIME_NR",
	0x0d: "COLD_RESTART",
	0x0e: "WARM_RESTART",
	0x0f: "INITIALIZE_DATA",
	0x10: "INITIALIZE_APPL",
	0x11: "START_APPL",
	0x12: "STOP_APPL",
	0x13: "SAVE_CONFIG",
	0x14: "ENABLE_UNSOLICITED",
	0x15: "DISABLE_UNSOLICITED",
	0x16: "ASSIGN_CLASS",
	0x17: "DELAY_MEASURE",
	0x18: "RECORD_CURRENT_TIME",
	0x19: "OPEN_FILE",
	0x1a: "CLOSE_FILE",
	0x1b: "DELETE_FILE",
	0x1c: "GET_FILE_INFO",
	0x1d: "AUTHENTICATE_FILE",
	0x1e: "ABORT_FILE",
	0x1f: "ACTIVATE_CONFIG",
	0x20: "AUTHENTICATE_REQ",
	0x21: "AUTHENTICATE_REQ_NR",
	0x81: "RESPONSE",
	0x82: "UNSOLICITED_RESPONSE",
	0x83: "AUTHENTICATE_RESP",
}
