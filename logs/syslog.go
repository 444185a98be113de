package logs

import (
	"strconv"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// syslog builds syslog.log after Zeek's base/protocols/syslog: a row a message.
type syslog struct {
	out    schemas.Emitter
	now    func() value.Time
	rec    schemas.Syslog
	uidBuf []byte
	// unknown is the text of a facility without a name.
	unknown []byte
}

func installSyslog(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &syslog{out: out, now: o.Now}
	h.Syslog.Message.Listen(b.message)
}

func (b *syslog) message(e *event.SyslogMessage) {
	id, uid := e.Conn.ID(), e.Conn.UID()
	b.uidBuf = uid.Append(b.uidBuf[:0])
	b.rec = schemas.Syslog{
		TS: b.now(), UID: text(b.uidBuf), ID: Endpoints(&id), Proto: value.Enum(id.Proto.String()),
		Facility: value.Some(b.name(syslogFacilities[:], e.Facility)),
		Severity: value.Some(b.name(syslogSeverities[:], e.Severity)),
		Message:  value.Some(text(e.Msg)),
	}
	b.out.Emit(&b.rec)
}

// syslogUnspecified is the facility and severity of a message without a priority.
const syslogUnspecified = 999

// name returns the name of a facility or severity. Only a facility can lack one.
func (b *syslog) name(names []string, n uint64) string {
	switch {
	case n < uint64(len(names)):
		return names[n]
	case n == syslogUnspecified:
		return "UNSPECIFIED"
	}
	b.unknown = strconv.AppendUint(append(b.unknown[:0], "?-"...), n, 10)
	return text(b.unknown)
}

// Names of facilities and severities as in Zeek (RFC 5424 section 6.2.1).
var (
	syslogFacilities = [...]string{
		"KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP",
		"NTP", "AUDIT", "ALERT", "CLOCK", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7",
	}
	syslogSeverities = [...]string{"EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"}
)
