package logs

import (
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// analyzers builds analyzer.log after Zeek's base/frameworks/analyzer: a row for each
// violation of a packet or file analyzer, and one per connection for each protocol
// analyzer that was confirmed before a violation removed it.
type analyzers struct {
	states[failures]
	out schemas.Emitter
	now func() value.Time

	rec      schemas.Analyzer
	services []string
	uidBuf   []byte
	fuidBuf  []byte
}

// failures are the names of the protocol analyzers that have a row.
type failures struct{ names []string }

const (
	// maxFailureData is Zeek's Analyzer::Logging::failure_data_max_size.
	maxFailureData = 40
	// ignoreViolationsAfter is Zeek's DPD::ignore_violations_after: the number of payload
	// bytes of a connection after which a violation removes no analyzer.
	ignoreViolationsAfter = 10 * 1024
)

func installAnalyzer(h *event.Hooks, out schemas.Emitter, o *Options) {
	b := &analyzers{out: out, now: o.Now}
	b.init(h, nil)
	h.Analyzer.ViolationInfo.Listen(b.violation)
}

func (b *analyzers) violation(e *event.AnalyzerViolationInfo) {
	kind, name := analyzerName(e.AType)
	if kind == "protocol" && (e.Tolerated || !b.failed(e.Conn, name)) {
		return
	}
	r := &b.rec
	*r = schemas.Analyzer{
		TS:            b.now(),
		AnalyzerKind:  kind,
		AnalyzerName:  name,
		FailureReason: text(e.Info.Reason),
	}
	if c := e.Conn; c != nil {
		id, uid := c.ID(), c.UID()
		b.uidBuf = uid.Append(b.uidBuf[:0])
		r.UID = value.Some(text(b.uidBuf))
		r.ID = value.Some(Endpoints(&id))
		if e.File == nil {
			r.Proto = value.Some(value.Enum(id.Proto.String()))
		}
	}
	if e.File != nil {
		if conns := e.File.Conns(); e.Conn == nil && len(conns) == 1 {
			b.uidBuf = conns[0].UID.Append(b.uidBuf[:0])
			r.UID = value.Some(text(b.uidBuf))
			r.ID = value.Some(Endpoints(&conns[0].ID))
		}
		fuid := e.File.FUID()
		b.fuidBuf = fuid.Append(b.fuidBuf[:0])
		r.FUID = value.Some(text(b.fuidBuf))
	}
	if data := e.Info.Data; data.OK {
		r.FailureData = value.Some(text(data.V[:min(len(data.V), maxFailureData)]))
	}
	b.out.Emit(r)
}

// failed reports whether the violation is the first failure of a protocol analyzer that was
// confirmed on c.
func (b *analyzers) failed(c event.Conn, name string) bool {
	if c == nil || c.Orig().Size+c.Resp().Size > ignoreViolationsAfter {
		return false
	}
	b.services = c.Services(b.services[:0])
	if !slices.ContainsFunc(b.services, func(s string) bool { return strings.EqualFold(s, name) }) {
		return false
	}
	s := b.known(c)
	if s == nil {
		s = b.add(c)
		s.names = s.names[:0]
	}
	if slices.Contains(s.names, name) {
		return false
	}
	s.names = append(s.names, name)
	return true
}

// analyzerName splits an analyzer's tag, such as "Files::ANALYZER_PE", into the kind and
// name that Zeek prints.
func analyzerName(tag value.Enum) (kind, name string) {
	module, name, _ := strings.Cut(string(tag), "::ANALYZER_")
	switch module {
	case "Analyzer":
		return "protocol", name
	case "PacketAnalyzer":
		return "packet", name
	case "Files":
		return "file", name
	}
	return "unknown", name
}
