package radius

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

func newBench(t testing.TB) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("radius_")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

// packet builds a message with attributes.
func packet(code, id byte, attrs ...string) string {
	s := strings.Join(attrs, "")
	return string([]byte{code, id, 0, byte(20 + len(s))}) + "authenticator 16" + s
}

func attr(typ byte, value string) string { return string([]byte{typ, byte(2 + len(value))}) + value }

func TestMessages(t *testing.T) {
	message := func(head, attrs string) string {
		if attrs != "" {
			attrs = `,"attributes":{` + attrs + `}`
		}
		return `radius_message {"result":{` + head + `,"authenticator":"authenticator 16"` + attrs + `}}`
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"request", packet(1, 7, attr(1, "user"), attr(79, "eap"), attr(4, "\x0a\x00\x00\x01"), attr(79, "")), []string{
			`radius_attribute {"attr_type":1,"value":"user"}`, `radius_attribute {"attr_type":79,"value":"eap"}`,
			`radius_attribute {"attr_type":4,"value":"\n\\x00\\x00\\x01"}`, `radius_attribute {"attr_type":79,"value":""}`, "confirmed RADIUS",
			message(`"code":1,"trans_id":7`, `"1":["user"],"79":["eap",""],"4":["\n\\x00\\x00\\x01"]`)}},
		{"no attributes", packet(3, 0), []string{"confirmed RADIUS", message(`"code":3,"trans_id":0`, "")}},
		{"short", packet(1, 7)[:19], []string{"violation Binpac exception: binpac exception: out_of_bound: RADIUS_PDU:authenticator: 20 > 19"}},
		{"attribute cut", packet(1, 7, attr(1, "user"), "\x02"), []string{`radius_attribute {"attr_type":1,"value":"user"}`,
			"violation Binpac exception: binpac exception: out_of_bound: RADIUS_Attribute:length: 2 > 1"}},
		{"value cut", packet(1, 7, "\x01\x09user"), []string{"violation Binpac exception: binpac exception: out_of_bound: RADIUS_Attribute:value: 9 > 6"}},
		{"no room for the length", packet(1, 7, "\x01\x01user"), []string{"violation Binpac exception: binpac exception: out_of_bound: RADIUS_Attribute:value: 1 > 6"}},
	} {
		b, raised := newBench(t)
		b.Datagram(true, []byte(c.in))
		b.Drain()
		if got := raised(); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// Lists of one message do not reach the next one.
func TestLists(t *testing.T) {
	b, raised := newBench(t)
	b.Datagram(true, []byte(packet(1, 1, attr(1, "a"), attr(2, "b"), attr(1, "c"))))
	raised()
	b.Datagram(false, []byte(packet(2, 1, attr(2, "d"))))
	want := `radius_message {"result":{"code":2,"trans_id":1,"authenticator":"authenticator 16","attributes":{"2":["d"]}}}`
	if got := raised(); len(got) != 2 || got[1] != want {
		t.Errorf("%q", got)
	}
	all := make([]string, 0, 256)
	for i := range 256 {
		all = append(all, attr(byte(i), "x"))
	}
	b.Datagram(true, []byte(packet(1, 2, all...)))
	if got := raised(); len(got) != 257 || !strings.Contains(got[256], `"255":["x"]`) {
		t.Errorf("%d events", len(got))
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{packet(1, 7, attr(1, "user"), attr(1, "again")), packet(3, 0), packet(1, 7, "\x01\x01user")} {
		f.Add([]byte(s), []byte(packet(2, 7, attr(18, "text"))))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 4096 {
			return
		}
		b, raised := newBench(t)
		b.Datagram(true, first)
		b.Datagram(false, second)
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if got := raised(); len(got) == 0 {
			t.Error("neither a message nor a violation")
		}
	})
}

// listening returns an analyzer whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.RADIUS.Message.Listen(func(*event.RADIUSMessage) {})
	b.Hooks.RADIUS.Attribute.Listen(func(*event.RADIUSAttribute) {})
	p := New(b.Hooks)
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var usual = []byte(packet(1, 7, attr(1, "user"), attr(2, "sixteen bytes pw"), attr(4, "\x0a\x00\x00\x01"), attr(5, "\x00\x00\x00\x01"), attr(31, "00-11-22-33-44-55"), attr(79, "eap")))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usual)
	}
}
