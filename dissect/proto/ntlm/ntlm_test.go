package ntlm

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// carrier is an open connection that carries messages, and records their events.
type carrier struct {
	b     *testconn.Bench
	c     *conn.Conn
	h     conn.Handover
	lines []string
}

func (r *carrier) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

func show(name string, v value.Opt[[]byte]) string {
	if !v.OK {
		return ""
	}
	return fmt.Sprintf(" %s=%q", name, v.V)
}

func showVersion(v value.Opt[event.NTLMVersion]) string {
	if !v.OK {
		return ""
	}
	return fmt.Sprintf(" version=%d.%d.%d/%d", v.V.Major, v.V.Minor, v.V.Build, v.V.NTLMSSP)
}

func newCarrier(t testing.TB) *carrier {
	r := &carrier{b: testconn.New(t, testconn.Config())}
	h := &r.b.Hooks.NTLM
	h.Negotiate.Listen(func(e *event.NTLMNegotiate) {
		m := &e.Negotiate
		r.add("negotiate unicode=%t%s%s%s", m.Flags.NegotiateUnicode,
			show("domain", m.DomainName), show("workstation", m.Workstation), showVersion(m.Version))
	})
	h.Challenge.Listen(func(e *event.NTLMChallenge) {
		m := &e.Challenge
		s := fmt.Sprintf("challenge %x%s%s", m.Challenge, show("target", m.TargetName), showVersion(m.Version))
		if v := &m.TargetInfo.V; m.TargetInfo.OK {
			s += " info" + show("nbc", v.NBComputerName) + show("nbd", v.NBDomainName) + show("dnsc", v.DNSComputerName) +
				show("dnsd", v.DNSDomainName) + show("tree", v.DNSTreeName) + show("spn", v.TargetName)
			if v.ConstrainedAuth.OK {
				s += fmt.Sprintf(" constrained=%t", v.ConstrainedAuth.V)
			}
			if v.Timestamp.OK {
				s += fmt.Sprintf(" time=%.6f", v.Timestamp.V)
			}
			if v.SingleHostID.OK {
				s += fmt.Sprintf(" host=%x", v.SingleHostID.V)
			}
		}
		r.add("%s", s)
	})
	h.Authenticate.Listen(func(e *event.NTLMAuthenticate) {
		m := &e.Request
		r.add("authenticate%s%s%s%s%s%s", show("domain", m.DomainName), show("user", m.UserName), show("workstation", m.Workstation),
			show("key", m.SessionKey), show("response", m.Response), showVersion(m.Version))
	})
	r.b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { r.add("weird %s", e.Name) })
	r.b.Hooks.Analyzer.ConfirmationInfo.Listen(func(e *event.AnalyzerConfirmationInfo) { r.add("confirmed %s", e.AType[19:]) })
	r.b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		r.add("violation %s, tolerated %t", e.Info.Reason, e.Tolerated)
	})
	p := New(r.b.Hooks)
	r.b.Open()
	r.b.Table.All(func(x *conn.Conn) { r.c = x })
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	return r
}

func (r *carrier) send(b []byte) { r.h.Data(true, b) }

// wide returns s in UTF-16.
func wide(s string) string {
	var b []byte
	for _, c := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return string(b)
}

// builder assembles a message from fixed parts and strings at the end.
type builder struct {
	fixed, payload []byte
	at             int // offset of the payload
}

func message(typ uint32, at int) *builder {
	return &builder{fixed: binary.LittleEndian.AppendUint32([]byte(Signature+"\x00"), typ), at: at}
}

func (m *builder) string(s string) *builder {
	m.fixed = binary.LittleEndian.AppendUint16(m.fixed, uint16(len(s)))
	m.fixed = binary.LittleEndian.AppendUint16(m.fixed, uint16(len(s)))
	m.fixed = binary.LittleEndian.AppendUint32(m.fixed, uint32(m.at+len(m.payload)))
	m.payload = append(m.payload, s...)
	return m
}

func (m *builder) uint32(v uint32) *builder {
	m.fixed = binary.LittleEndian.AppendUint32(m.fixed, v)
	return m
}

func (m *builder) raw(s string) *builder { m.fixed = append(m.fixed, s...); return m }

func (m *builder) bytes() []byte { return append(slices.Clone(m.fixed), m.payload...) }

func pair(id uint16, value string) string {
	b := binary.LittleEndian.AppendUint16(nil, id)
	return string(binary.LittleEndian.AppendUint16(b, uint16(len(value)))) + value
}

const versionBytes = "\x06\x01\xb1\x1d\x00\x00\x00\x0f" // Windows 6.1, build 7601

func pairs() string {
	return pair(pairNBComputerName, wide("SRV")) + pair(pairNBDomainName, wide("DOM")) +
		pair(pairDNSComputerName, wide("srv.example")) + pair(pairDNSDomainName, wide("example")) +
		pair(pairDNSTreeName, wide("tree.example")) + pair(pairTargetName, wide("cifs/srv")) +
		pair(pairFlags, "\x03\x00\x00\x00") + pair(pairTimestamp, "\x00\x80\x3e\xd5\xde\xb1\x9d\x01") +
		pair(pairSingleHost, "\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04") +
		pair(pairChannelBindings, "ab") + pair(pairEnd, "")
}

func negotiateMessage() []byte {
	return message(typeNegotiate, negotiatePayload+8).uint32(flagVersion | flagOEMDomain | flagOEMWorkstation | 1).
		string(wide("DOM")).string(wide("WS")).raw(versionBytes).bytes()
}

func challengeMessage(info string) []byte {
	return message(typeChallenge, challengePayload+8).string(wide("DOM")).uint32(flagRequestTarget | flagTargetInfo | flagVersion).
		raw("\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00\x00\x00\x00").string(info).raw(versionBytes).bytes()
}

func authenticateMessage() []byte {
	return message(typeAuthenticate, authenticatePayload+8).string("lm").string("response").string(wide("DOM")).
		string(wide("Jörg")).string(wide("WS")).string("key").uint32(flagVersion).raw(versionBytes).bytes()
}

func TestMessages(t *testing.T) {
	const confirmed = "confirmed NTLM"
	const malformed = "violation NTLM message is malformed, tolerated true"
	cut := func(b []byte, n int) []byte { return b[:n] }
	for _, tc := range []struct {
		name string
		b    []byte
		want string
	}{
		{"negotiate", negotiateMessage(), `negotiate unicode=true domain="DOM" workstation="WS" version=6.1.7601/15|` + confirmed},
		{"negotiate without names", message(1, 32).uint32(1).string("").string("").bytes(), "negotiate unicode=true|" + confirmed},
		{"negotiate of the first version", message(1, 0).uint32(1).bytes(), malformed},
		{"challenge", challengeMessage(pairs()), `challenge 807060504030201 target="DOM" version=6.1.7601/15 info nbc="SRV" nbd="DOM" ` +
			`dnsc="srv.example" dnsd="example" tree="tree.example" spn="cifs/srv" constrained=true time=0.000000 host=4030201|` + confirmed},
		{"pairs without end", challengeMessage(pair(1, wide("S"))),
			`violation NTLM AV Pair loop underflow, tolerated true|challenge 807060504030201 target="DOM" version=6.1.7601/15 info nbc="S"|` + confirmed},
		{"no pairs", challengeMessage(""), `challenge 807060504030201 target="DOM" version=6.1.7601/15 info|` + confirmed},
		{"pair that is not known", challengeMessage(pair(99, "")), malformed},
		{"pair that is too long", challengeMessage("\x01\x00\xff\xff"), malformed},
		{"half a pair", challengeMessage("\x01\x00"), malformed},
		{"timestamp that is cut", challengeMessage(pair(7, "1234")), malformed},
		{"authenticate", authenticateMessage(), `authenticate domain="DOM" user="Jörg" workstation="WS" key="key" response="response" version=6.1.7601/15|` + confirmed},
		{"nobody", message(3, 64).string("").string("").string("").string("").string("").string("").uint32(0).bytes(), "authenticate|" + confirmed},
		{"name beyond the end", cut(authenticateMessage(), authenticatePayload+20), malformed},
		{"half a pair of surrogates", message(3, 64).string("").string("").string("").string("\x00\xd8").string("").string("").uint32(0).bytes(),
			`weird utf16_conversion_failed|authenticate user="\x00\xd8"|` + confirmed},
		{"other type", message(9, 12).bytes(), confirmed},
		{"too short", []byte(Signature), malformed},
		{"cut", cut(authenticateMessage(), 60), malformed},
	} {
		r := newCarrier(t)
		r.send(tc.b)
		if got := strings.Join(r.lines, "|"); got != tc.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

// TestOffsets tests a string at every offset: before, in and beyond the payload.
func TestOffsets(t *testing.T) {
	for at := range uint32(80) {
		b := authenticateMessage()
		binary.LittleEndian.PutUint32(b[12+3*8+4:], at)
		r := newCarrier(t)
		r.send(b)
		if got, want := strings.HasPrefix(r.lines[0], "authenticate"), at >= authenticatePayload; got != want {
			t.Errorf("user at %d: %q", at, r.lines)
		}
	}
	for _, at := range []uint32{1 << 31, 1<<32 - 1, 1<<32 - 8} {
		b := authenticateMessage()
		binary.LittleEndian.PutUint32(b[12+3*8+4:], at)
		r := newCarrier(t)
		r.send(b)
		if !strings.HasPrefix(r.lines[0], "violation") {
			t.Errorf("user at %d: %q", at, r.lines)
		}
	}
}

// TestServes tests that one analyzer serves all carriers on a connection and confirms for
// each, and that a violation removes neither the analyzer nor the service.
func TestServes(t *testing.T) {
	r := newCarrier(t)
	p := New(r.b.Hooks)
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	r.send(negotiateMessage())
	r.send([]byte("x"))
	r.send(authenticateMessage())
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	analyzers := 0
	r.c.EachAnalyzer(func(conn.Analyzer) bool {
		analyzers++
		return true
	})
	if analyzers != 2 { // including newCarrier's, of another protocol
		t.Errorf("%d analyzers", analyzers)
	}
	r.send(negotiateMessage())
	confirmed := 0
	for _, l := range r.lines {
		if strings.HasPrefix(l, "confirmed") {
			confirmed++
		}
	}
	if s := r.c.Services(nil); confirmed != 2 || !slices.Equal(s, []string{"NTLM"}) {
		t.Errorf("confirmed %d times, services %v: %q", confirmed, s, r.lines)
	}
}

func FuzzMessage(f *testing.F) {
	for _, b := range [][]byte{negotiateMessage(), challengeMessage(pairs()), challengeMessage(pair(1, "S")), authenticateMessage()} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newCarrier(t)
		r.send(b)
		if n := r.b.Table.Stats().Panics; n != 0 {
			t.Fatal("panic")
		}
		size := 0
		for _, l := range r.lines {
			size += len(l)
		}
		// Each field may refer to the same string; a quoted byte takes four bytes, and UTF-8
		// up to one and a half times UTF-16.
		if size > 1000+100*len(b) {
			t.Errorf("%d bytes of events from %d", size, len(b))
		}
	})
}

func quiet(t testing.TB) (*carrier, [][]byte) {
	r := &carrier{b: testconn.New(t, testconn.Config())}
	h := &r.b.Hooks.NTLM
	h.Negotiate.Listen(func(*event.NTLMNegotiate) {})
	h.Challenge.Listen(func(*event.NTLMChallenge) {})
	h.Authenticate.Listen(func(*event.NTLMAuthenticate) {})
	p := New(r.b.Hooks)
	r.b.Open()
	r.b.Table.All(func(x *conn.Conn) { r.c = x })
	r.h = r.b.Table.Nested(r.c, p).Guest(p)
	return r, [][]byte{negotiateMessage(), challengeMessage(pairs()), authenticateMessage()}
}

func BenchmarkAuthentication(b *testing.B) {
	r, all := quiet(b)
	size := 0
	for _, m := range all {
		size += len(m)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for _, m := range all {
			r.send(m)
		}
	}
}
