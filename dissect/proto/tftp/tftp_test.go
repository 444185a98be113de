package tftp

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

func newBench(t testing.TB, o Options) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("tftp::")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, o)}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

func TestPackets(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"read", "\x00\x01file\x00octet\x00", []string{"confirmed SPICY_TFTP", `tftp::read_request {"is_orig":true,"fname":"file","mode":"octet"}`}},
		{"write with options", "\x00\x02file\x00netascii\x00blksize\x001400\x00tsize\x005\x00rest", []string{"confirmed SPICY_TFTP",
			`tftp::write_request {"is_orig":true,"fname":"file","mode":"netascii"}`,
			`tftp::option {"is_orig":true,"name":"blksize","value":"1400","acked":false}`,
			`tftp::option {"is_orig":true,"name":"tsize","value":"5","acked":false}`}},
		{"data", "\x00\x03\xff\xffabc", []string{`tftp::data {"is_orig":true,"block_num":65535,"data":"abc"}`}},
		{"acknowledgment", "\x00\x04\x00\x00", []string{`tftp::ack {"is_orig":true,"block_num":0}`}},
		{"error", "\x00\x05\x00\x01not found\x00", []string{`tftp::error {"is_orig":true,"code":1,"msg":"not found"}`}},
		{"option acknowledgment", "\x00\x06blksize\x001400\x00", []string{`tftp::option {"is_orig":true,"name":"blksize","value":"1400","acked":true}`}},
		{"no type", "\x00\x07", []string{`tftp::unknown_opcode {"is_orig":true,"code":7}`, "weird unknown_opcode 7"}},
		{"short", "\x00", []string{"violation end of a TFTP packet inside a field"}},
		{"data without a number", "\x00\x03\x00", []string{"violation end of a TFTP packet inside a field"}},
		{"mode without its end", "\x00\x01file\x00octet", []string{"violation end of a TFTP packet inside a field"}},
		{"error without its end", "\x00\x05\x00\x01not found", []string{"violation end of a TFTP packet inside a field"}},
	} {
		b, raised := newBench(t, DefaultOptions())
		b.Datagram(true, []byte(c.in))
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// TestTransfer checks that the server's answer from another port belongs to the request.
func TestTransfer(t *testing.T) {
	b, raised := newBench(t, DefaultOptions())
	var channels []string
	b.Hooks.File.DataConnection.Listen(func(e *event.DataConnection) {
		channels = append(channels, e.Source+" "+e.Conn.UID().String())
		if e.Control == nil || e.Control.UID() == e.Conn.UID() {
			t.Errorf("%v is the control connection", e.Control)
		}
	})
	b.Datagram(true, []byte("\x00\x01file\x00octet\x00"))
	raised()
	control := b.Server
	b.Server = testconn.WithPort(b.Server, 40000)
	b.Datagram(false, []byte("\x00\x03\x00\x01abc"))
	b.Datagram(true, []byte("\x00\x04\x00\x01"))
	want := []string{`tftp::data {"is_orig":true,"block_num":1,"data":"abc"}`, `tftp::ack {"is_orig":false,"block_num":1}`}
	if got := raised(); !slices.Equal(got, want) || len(channels) != 1 || !strings.HasPrefix(channels[0], "SPICY_TFTP C") {
		t.Errorf("%q, %q", got, channels)
	}
	var services []string
	b.Table.All(func(c *conn.Conn) { services = append(services, strings.Join(c.Services(nil), ",")) })
	slices.Sort(services)
	if want := []string{"spicy_tftp", "spicy_tftp_data"}; !slices.Equal(services, want) {
		t.Errorf("%q", services)
	}
	b.Server = testconn.WithPort(control, 40001) // another host's port announces nothing
	b.Client = testconn.WithPort(b.Client, 1)
	b.Datagram(false, []byte("\x00\x03\x00\x01abc"))
	if got := raised(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// TestLimits checks that transfers beyond the limit are counted.
func TestLimits(t *testing.T) {
	b, _ := newBench(t, Options{Transfers: 2})
	for p := range uint16(3) {
		b.Client = testconn.WithPort(b.Client, 2000+p)
		b.Datagram(true, []byte("\x00\x01file\x00octet\x00"))
	}
	if n := b.Table.LimitCounts()[conn.Limit{Protocol: source, Name: "expected_transfers"}]; n != 1 {
		t.Errorf("%v", b.Table.LimitCounts())
	}
}

func FuzzPackets(f *testing.F) {
	f.Add([]byte("\x00\x01file\x00octet\x00blksize\x001400\x00"), []byte("\x00\x03\x00\x01abc"))
	f.Add([]byte("\x00\x06blksize\x001400\x00x"), []byte("\x00\x05\x00\x01not found\x00"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) > 2048 {
			return
		}
		b, raised := newBench(t, DefaultOptions())
		b.Datagram(true, []byte("\x00\x01file\x00octet\x00"))
		control := b.Server
		for _, p := range []uint16{40000, control.Port()} {
			b.Server = testconn.WithPort(control, p)
			b.Datagram(false, second)
			b.Datagram(true, first)
		}
		b.Drain()
		if b.Table.Stats().Panics != 0 {
			t.Fatal("panic")
		}
		if n := len(raised()); n > 20+2*(len(first)+len(second)) {
			t.Errorf("%d events", n)
		}
	})
}

// listening returns an analyzer whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.TFTP.Data.Listen(func(*event.TFTPData) {})
	b.Hooks.TFTP.Ack.Listen(func(*event.TFTPAck) {})
	p := New(b.Hooks, DefaultOptions())
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var block = append([]byte("\x00\x03\x00\x01"), make([]byte, 512)...)

func BenchmarkBlock(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, block)
	}
}
