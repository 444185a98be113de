package dhcp

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
	raised := b.Record("dhcp_")
	b.SetAttacher(detect.New([]*detect.Protocol{New(b.Hooks)}))
	b.Client = netip.AddrPortFrom(b.Client.Addr(), portClient)
	b.Server = netip.AddrPortFrom(b.Server.Addr(), portServer)
	return b, raised
}

const magic = "\x63\x82\x53\x63"

// packet builds a message from a client with a cookie, options and their end.
func packet(cookie string, options ...string) string {
	return "\x01\x01\x06\x00" + "\x00\x00\x01\x02" + "\x00\x05\x80\x00" +
		"\x0a\x00\x00\x01" + "\x00\x00\x00\x00" + "\x0a\x00\x00\x02" + "\x00\x00\x00\x00" +
		"\x02\x00\x00\x00\x00\x07" + strings.Repeat("\x00", 10) + // chaddr
		"boot" + strings.Repeat("\x00", 60) + "x" + strings.Repeat("\x00", 127) + cookie + strings.Join(options, "") + "\xff"
}

func option(code byte, value string) string { return string([]byte{code, byte(len(value))}) + value }

var discover = option(optMessageType, "\x01")

func message(typ, options string) string {
	return `dhcp_message {"is_orig":true,"msg":{"op":1,"m_type":` + typ + `,"xid":258,"secs":"5.0 secs","flags":32768,"ciaddr":"10.0.0.1",` +
		`"yiaddr":"0.0.0.0","siaddr":"10.0.0.2","giaddr":"0.0.0.0","chaddr":"02:00:00:00:00:07","sname":"boot","file_n":""},"options":{` + options + `}}`
}

func TestMessages(t *testing.T) {
	const out = "violation Binpac exception: binpac exception: out_of_bound: "
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"type only", packet(magic, discover), []string{message("1", `"options":[53]`), "confirmed DHCP"}},
		{"padding", packet(magic, "\x00", discover, "\x00"), []string{message("1", `"options":[0,53,0]`), "confirmed DHCP"}},
		{"two types", packet(magic, discover, option(optMessageType, "\x02")), []string{message("1", `"options":[53,53]`), "confirmed DHCP"}},
		{"addresses", packet(magic, discover, option(1, "\xff\xff\xff\x00"), option(28, "\x0a\x00\x00\xff"), option(50, "\x0a\x00\x00\x07"), option(54, "\x0a\x00\x00\x03")),
			[]string{message("1", `"options":[53,1,28,50,54],"subnet_mask":"255.255.255.0","broadcast":"10.0.0.255","addr_request":"10.0.0.7","serv_addr":"10.0.0.3"`), "confirmed DHCP"}},
		{"lists of addresses", packet(magic, discover, option(3, "\x0a\x00\x00\x01\x0a\x00\x00\x02"), option(4, "\x0a\x00\x00\x03"), option(5, "\x0a\x00\x00\x04"),
			option(6, "\x0a\x00\x00\x05"), option(42, "\x0a\x00\x00\x06"), option(44, "\x0a\x00\x00\x07")),
			[]string{message("1", `"options":[53,3,4,5,6,42,44],"routers":["10.0.0.1","10.0.0.2"],"dns_servers":["10.0.0.5"],"nbns":["10.0.0.7"],`+
				`"time_servers":["10.0.0.3"],"name_servers":["10.0.0.4"],"ntp_servers":["10.0.0.6"]`), "confirmed DHCP"}},
		{"texts", packet(magic, discover, option(12, "host\x00"), option(15, "example.test\x00\x00"), option(43, "\x01"), option(56, "no"), option(60, "MSFT"), option(77, "class"), option(252, "http://x\n")),
			[]string{message("1", `"options":[53,12,15,43,56,60,77,252],"host_name":"host\\x00","domain_name":"example.test","vendor":"\\x01",`+
				`"message":"no","vendor_class":"MSFT","user_class":"class","auto_proxy_config":"http://x"`), "confirmed DHCP"}},
		{"numbers", packet(magic, discover, option(2, "\xff\xff\xf1\xf0"), option(19, "\x01"), option(51, "\x00\x00\x0e\x10"), option(57, "\x05\xdc"), option(58, "\x00\x00\x00\x0a"), option(59, "\x00\x00\x00\x14"), option(116, "\x00")),
			[]string{message("1", `"options":[53,2,19,51,57,58,59,116],"forwarding":true,"lease":"1.0 hr","max_msg_size":1500,"renewal_time":"10.0 secs",`+
				`"rebinding_time":"20.0 secs","auto_config":false,"time_offset":-3600`), "confirmed DHCP"}},
		{"client", packet(magic, discover, option(55, "\x01\x03"), option(61, "\x01\x02\x00\x00\x00\x00\x07"), option(81, "\x01\x02\x03host.test")),
			[]string{message("1", `"options":[53,55,61,81],"param_list":[1,3],"client_id":{"hwtype":1,"hwaddr":"02:00:00:00:00:07"},`+
				`"client_fqdn":{"flags":1,"rcode1":2,"rcode2":3,"domain_name":"host.test"}`), "confirmed DHCP"}},
		{"identifier without type", packet(magic, discover, option(61, "\x00id")), []string{message("1", `"options":[53,61],"client_id":{"hwtype":0,"hwaddr":"id"}`), "confirmed DHCP"}},
		{"relay", packet(magic, discover, option(82, "\x01\x03abc\x02\x00")), []string{message("1", `"options":[53,82],"sub_opt":[{"code":1,"value":"abc"},{"code":2,"value":""}]`), "confirmed DHCP"}},
		{"unknown option", packet(magic, discover, option(200, "xyz")), []string{message("1", `"options":[53,200]`), "confirmed DHCP"}},
		{"no type", packet(magic, option(12, "h")), []string{"violation no DHCP message type option", message("0", `"options":[12],"host_name":"h"`), "confirmed DHCP"}},
		{"wrong cookie", packet("\xff\xff\xff\xff", discover), []string{"violation bad cookie (-1)"}},
		{"no type and wrong cookie", packet("\x00\x00\x00\x01"), []string{"violation no DHCP message type option", "violation bad cookie (1)"}},
		{"short", packet(magic, discover)[:239], []string{out + "DHCP_Message:cookie: 240 > 239"}},
		{"no end", strings.TrimSuffix(packet(magic, discover), "\xff"), []string{out + "Option:code: 244 > 243"}},
		{"option cut", strings.TrimSuffix(packet(magic, discover, "\x0c\x09host"), "\xff"), []string{out + "OptionValue:other: 10 > 5"}},
		{"sub-option cut", packet(magic, discover, option(82, "\x01\x03ab")), []string{out + "Relay_Agent_SubOption:value: 5 > 4"}},
		{"empty identifier", packet(magic, discover, option(61, "")), []string{out + "Client_Identifier:hwtype: 1 > 0"}},
		{"short name", packet(magic, discover, option(81, "ab")), []string{out + "Client_FQDN:rcode2: 3 > 2"}},
	} {
		b, raised := newBench(t)
		b.Datagram(true, []byte(c.in))
		b.Drain()
		if got := raised(); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// After a violation, nothing more is analyzed.
func TestViolation(t *testing.T) {
	b, raised := newBench(t)
	b.Datagram(true, []byte(packet(magic, option(12, "h"))))
	raised()
	b.Datagram(true, []byte(packet(magic, discover)))
	if got := raised(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// The cookie shows the protocol at any port.
func TestSignature(t *testing.T) {
	b, raised := newBench(t)
	b.Client, b.Server = netip.AddrPortFrom(b.Client.Addr(), 5000), netip.AddrPortFrom(b.Server.Addr(), 5001)
	b.Datagram(true, []byte(packet(magic, discover)))
	b.Datagram(false, []byte(packet(magic, discover)))
	if got := raised(); len(got) != 3 || got[1] != "confirmed DHCP" {
		t.Errorf("%q", got)
	}
}

func TestHardware(t *testing.T) {
	for in, want := range map[string]string{
		"\x01\x02\x03\x04\x05\x06": "01:02:03:04:05:06", "\x01\x02\x03\x04\x05\x06\x00\x00": "01:02:03:04:05:06",
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09": "01:02:03:04:05:06:07:08", "\x01\x02\x03\x04\x05\x06\x07": "", "": "",
	} {
		var d decoder
		if got := string(d.hardware([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		packet(magic, discover, option(3, "\x0a\x00\x00\x01"), option(82, "\x01\x03abc"), option(81, "\x01\x02\x03host")), packet("none", discover), packet(magic, option(61, "")),
	} {
		f.Add([]byte(s), []byte(packet(magic, discover, option(55, "\x01\x03"))))
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

// listening returns an analyzer whose events have a listener.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.DHCP.Message.Listen(func(*event.DHCPMessage) {})
	p := New(b.Hooks)
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var usual = []byte(packet(magic, discover, option(1, "\xff\xff\xff\x00"), option(3, "\x0a\x00\x00\x01"), option(6, "\x0a\x00\x00\x05\x0a\x00\x00\x06"),
	option(12, "host"), option(51, "\x00\x00\x0e\x10"), option(55, "\x01\x03\x06\x0f\x1f\x21\x2b\x2c"), option(61, "\x01\x02\x00\x00\x00\x00\x07"), option(82, "\x01\x03abc")))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usual)
	}
}
