package xmpp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// recorder collects events up to a violation, after which they depend on segment
// boundaries.
type recorder struct {
	lines []string
	over  bool
}

func (r *recorder) add(format string, a ...any) {
	if !r.over {
		r.lines = append(r.lines, fmt.Sprintf(format, a...))
	}
}

// tls is a stand-in for the TLS analyzer.
type tls struct {
	rec  *recorder
	data [2][]byte
}

func (p *tls) Data(isOrig bool, b []byte) {
	p.data[conn.Side(isOrig)] = append(p.data[conn.Side(isOrig)], b...)
}
func (p *tls) Gap(isOrig bool, n uint64) {
	p.data[conn.Side(isOrig)] = fmt.Appendf(p.data[conn.Side(isOrig)], "<%d>", n)
}
func (p *tls) End(bool) {}
func (p *tls) Done()    { p.rec.add("TLS %q %q", p.data[0], p.data[1]) }

func newBench(t testing.TB, port uint16) (*testconn.Bench, *recorder) {
	b := testconn.New(t, testconn.Config())
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	rec := new(recorder)
	b.Hooks.XMPP.StartTLS.Listen(func(*event.XMPPStartTLS) { rec.add("starttls") })
	b.Hooks.Weird.Conn.Listen(func(e *event.ConnWeird) { rec.add("weird %s", e.Name) })
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(*event.AnalyzerConfirmationInfo) { rec.add("confirmed") })
	b.Hooks.Analyzer.ViolationInfo.Listen(func(e *event.AnalyzerViolationInfo) {
		rec.add("violation %s", e.Info.Reason)
		rec.over = true
	})
	ssl := &conn.Protocol{Name: "SSL", New: func(conn.Use) conn.Analyzer { return &tls{rec: rec} }}
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, ssl)}))
	return b, rec
}

const (
	opened = "><?xml version='1.0'?>\r\n<stream:stream to='x' xmlns='jabber:client' version='1.0'>"
	asks   = "><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
)

var talks = []struct {
	talk []string
	want string
}{
	{[]string{opened, "<<stream:stream><stream:features><starttls/></stream:features>", asks, "<<proceed xmlns='x'/>", ">\x16<", "<\x16>"},
		`confirmed|starttls|TLS "\x16<" "\x16>"`},
	{[]string{opened, "<<stream:stream>", "><tls:starttls/>", "<<tls:proceed/>\x16", ">\x16"}, `confirmed|starttls|TLS "\x16" "\x16"`},
	{[]string{opened, "<<proceed/>", asks}, "confirmed|weird XMPP: proceed without starttls"},
	{[]string{opened, "<<success/>", asks, "<<proceed/>"}, "confirmed"},
	{[]string{opened, asks + " \r\n", ">\n\x16\x03<", "<<proceed/>"}, "confirmed|violation text after a request for TLS"},
	{[]string{opened + "<a<b>"}, "confirmed|violation a tag in a tag"},
	{[]string{opened + "a>"}, "confirmed|violation a tag ends that has not begun"},
	{[]string{opened + "<" + strings.Repeat("a", 2*maxTag)}, "confirmed|violation a tag is too long"},
}

func TestTalks(t *testing.T) {
	for _, port := range []uint16{5222, 4000} {
		for _, c := range talks {
			for _, size := range []int{1 << 14, 1, 2, 3, 7} {
				if size < 7 && len(c.talk[0]) > maxTag {
					continue
				}
				b, rec := newBench(t, port)
				b.Converse(c.talk, size)
				if got := strings.Join(rec.lines, "|"); got != c.want {
					t.Errorf("%.100q, port %d, segments of %d:\ngot  %s\nwant %s", c.talk, port, size, got, c.want)
				}
			}
		}
	}
}

// FuzzSegments checks that the events do not depend on segment boundaries, and that
// nothing panics.
func FuzzSegments(f *testing.F) {
	for _, c := range talks[:6] {
		orig, resp := testconn.Sides(c.talk)
		f.Add(orig, resp, uint8(3))
	}
	f.Fuzz(func(t *testing.T, orig, resp []byte, size uint8) {
		if len(orig)+len(resp) > 800 {
			return
		}
		var want []string
		for _, n := range []int{1 << 16, 1, max(int(size), 1)} {
			b, rec := newBench(t, 5222)
			b.Converse([]string{">" + string(orig), "<" + string(resp)}, n)
			if n == 1<<16 {
				want = rec.lines
			} else if !slices.Equal(want, rec.lines) {
				t.Fatalf("segments of %d:\ngot  %q\nwant %q", n, rec.lines, want)
			}
		}
	})
}

func BenchmarkTags(b *testing.B) {
	bench := testconn.New(b, testconn.Config())
	p := New(bench.Hooks, &conn.Protocol{Name: "SSL"})
	bench.SetAttacher(detect.New(nil))
	bench.Open()
	var c *conn.Conn
	bench.Table.All(func(x *conn.Conn) { c = x })
	a := p.New(bench.Table.Nested(c, &p.Protocol))
	data := []byte("<iq type='get' id='1'><query xmlns='jabber:iq:auth'/></iq>\r\n")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, data)
	}
}
