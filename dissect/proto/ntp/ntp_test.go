package ntp

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
	raised := b.Record("ntp_")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks, DefaultOptions())}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

// standardMessage builds a message of version 4 with times of 2026 and of before 1970. The
// delay's fraction has its highest bit set, which Zeek takes for a sign.
func standardMessage(mode, stratum byte, id string, more ...string) string {
	return string([]byte{0x20 | mode, stratum, 6, 0xe9}) + // poll 64 s, precision 2^-23 s
		"\x00\x00\x80\x00" + "\x00\x01\x00\x00" + id +
		"\xee\xb5\xc1\x00\x80\x00\x00\x00" + // reference
		strings.Repeat("\x00", 8) + // origin
		"\x00\x00\x00\x01\x00\x00\x00\x00" + // receive
		"\xee\xb5\xc1\x01\x00\x00\x00\x00" + // transmit
		strings.Join(more, "")
}

// extensionField builds an extension of Autokey's form with a value and a signature.
func extensionField(size byte, value, signature string) string {
	s := "\x01\x02\x00" + string(size) + strings.Repeat("\x00", 10) +
		"\x00\x00\x00" + string(byte(len(value))) + value + "\x00\x00\x00" + string(byte(len(signature))) + signature
	return s + strings.Repeat("\x00", max(int(size)-len(s), 0))
}

const times = `"ref_time":1795900032.5,"org_time":0.0,"rec_time":-2208988799.0,"xmt_time":1795900033.0`

var (
	mac     = "\x00\x00\x00\x05" + strings.Repeat("m", 16)
	longMAC = "\x00\x00\x00\x06" + strings.Repeat("n", 20)
)

func message(s string) string { return "ntp_message " + s }

func TestMessages(t *testing.T) {
	std := func(mode, stratum, id, more string) string {
		return message(`{"is_orig":true,"msg":{"version":4,"mode":` + mode + `,"std_msg":{"stratum":` + stratum +
			`,"poll":"1.0 min 4.0 secs","precision":"0.119209 usecs","root_delay":"-500.0 msecs","root_disp":"1.0 sec",` + id + times + more + `}}}`)
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"client", standardMessage(3, 0, "INIT"), []string{"confirmed NTP", std("3", "0", `"kiss_code":"INIT",`, `,"num_exts":0`)}},
		{"primary", standardMessage(5, 1, "GPS\x00"), []string{"confirmed NTP", std("5", "1", `"ref_id":"GPS\\x00",`, `,"num_exts":0`)}},
		{"MAC", standardMessage(1, 2, "\x0a\x00\x00\x01", mac), []string{"confirmed NTP",
			std("1", "2", `"ref_addr":"10.0.0.1",`, `,"key_id":5,"digest":"mmmmmmmmmmmmmmmm","num_exts":0`)}},
		{"long MAC", standardMessage(1, 2, "\x0a\x00\x00\x01", longMAC), []string{"confirmed NTP",
			std("1", "2", `"ref_addr":"10.0.0.1",`, `,"key_id":6,"digest":"nnnnnnnnnnnnnnnnnnnn","num_exts":0`)}},
		{"extensions", standardMessage(1, 2, "\x0a\x00\x00\x01", extensionField(28, "val", "sig"), extensionField(24, "", ""), mac), []string{"confirmed NTP",
			std("1", "2", `"ref_addr":"10.0.0.1",`, `,"key_id":5,"digest":"mmmmmmmmmmmmmmmm","num_exts":2`)}},
		{"odd end", standardMessage(1, 2, "\x0a\x00\x00\x01", "end"), []string{"confirmed NTP", std("1", "2", `"ref_addr":"10.0.0.1",`, `,"num_exts":0`)}},
		{"short", standardMessage(3, 0, "INIT")[:47], []string{"violation Binpac exception: binpac exception: out_of_bound: NTP_std_msg:transmit_ts: 47 > 46", "done"}},
		{"short extension", standardMessage(3, 0, "INIT", extensionField(15, "", ""), longMAC), []string{"violation Binpac exception: binpac exception: &enforce violation : Extension_Field:len", "done"}},
		{"long value", standardMessage(3, 0, "INIT", extensionField(22, "12345", ""), longMAC), []string{"violation Binpac exception: binpac exception: &enforce violation : Extension_Field:value_len", "done"}},
		{"long signature", standardMessage(3, 0, "INIT", extensionField(22, "1", ""), longMAC), []string{"violation Binpac exception: binpac exception: &enforce violation : Extension_Field:sig_len", "done"}},
		{"control", "\x16\xe2\x00\x07\x01\x02\x00\x03\x00\x00\x00\x02hi", []string{"confirmed NTP",
			message(`{"is_orig":true,"msg":{"version":2,"mode":6,"control_msg":{"op_code":2,"resp_bit":true,"err_bit":true,"more_bit":true,"sequence":7,"status":258,"association_id":3,"data":"hi"}}}`)}},
		{"control with MAC", "\x16\x01\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09checksum", []string{"confirmed NTP",
			message(`{"is_orig":true,"msg":{"version":2,"mode":6,"control_msg":{"op_code":1,"resp_bit":false,"err_bit":false,"more_bit":false,"sequence":7,"status":0,"association_id":0,"key_id":9,"crypto_checksum":"checksum"}}}`)}},
		{"control cut", "\x16\x01\x00\x07\x00\x00\x00\x00\x00\x00\x00\x03hi", []string{"violation Binpac exception: binpac exception: out_of_bound: NTP_control_msg:data: 14 > 13", "done"}},
		{"private", "\x17\x85\x03\x2a\x70\x02hi" + mac, []string{"confirmed NTP",
			message(`{"is_orig":true,"msg":{"version":2,"mode":7,"mode7_msg":{"req_code":42,"auth_bit":true,"sequence":5,"implementation":3,"err":7,"data":"hi"}}}`)}},
		{"private without MAC", "\x17\x85\x03\x2a\x00\x00" + mac[:19], []string{"violation Binpac exception: binpac exception: out_of_bound: NTP_MAC:digest: 25 > 24", "done"}},
		{"mode 0", "\x18", []string{"confirmed NTP", message(`{"is_orig":true,"msg":{"version":3,"mode":0}}`)}},
		{"empty", "", []string{"violation Binpac exception: binpac exception: out_of_bound: NTP_PDU:first_byte: 1 > 0", "done"}},
	} {
		b, raised := newBench(t)
		b.Datagram(true, []byte(c.in))
		if got := raised(); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// A server's message turns a flow around, once for each side.
func TestTurns(t *testing.T) {
	b, _ := newBench(t)
	b.Client = netip.AddrPortFrom(b.Client.Addr(), port)
	var ids []string
	b.Hooks.NTP.Message.Listen(func(e *event.NTPMessage) {
		id := e.Conn.ID()
		ids = append(ids, id.OrigH.String())
	})
	b.Hooks.UDP.Request.Listen(func(e *event.UDPRequest) {
		id := e.Conn.ID()
		ids = append(ids, "request "+id.OrigH.String())
	})
	b.Datagram(true, []byte(standardMessage(modeServer, 2, "\x0a\x00\x00\x01")))
	b.Datagram(false, []byte(standardMessage(modeClient, 2, "\x0a\x00\x00\x01")))
	b.Datagram(true, []byte(standardMessage(modeServer, 2, "\x0a\x00\x00\x01")))
	server, client := b.Server.Addr().String(), b.Client.Addr().String()
	if want := []string{"request " + server, server, "request " + server, server, server}; !slices.Equal(ids, want) {
		t.Errorf("%q, want %q (client %s)", ids, want, client)
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		standardMessage(3, 0, "INIT"), standardMessage(4, 2, "abcd", extensionField(28, "val", "sig"), mac),
		"\x16\xe2\x00\x07\x01\x02\x00\x03\x00\x00\x00\x02hi", "\x17\x85\x03\x2a\x70\x02hi" + mac, "\x18",
	} {
		f.Add([]byte(s), []byte(standardMessage(4, 1, "GPS\x00", longMAC)))
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
		if got := raised(); !slices.Contains(got, "done") {
			t.Errorf("%q", got)
		}
	})
}

// listening returns an analyzer whose events have a listener.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.NTP.Message.Listen(func(*event.NTPMessage) {})
	p := New(b.Hooks, DefaultOptions())
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var usual = []byte(standardMessage(modeClient, 2, "\x0a\x00\x00\x01", mac))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usual)
	}
}
