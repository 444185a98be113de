package igmp

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// frame returns a raw IPv4 packet with the payload.
func frame(payload string) []byte {
	p := make([]byte, 20, 20+len(payload))
	p[0], p[8], p[9] = 0x45, 1, Proto
	binary.BigEndian.PutUint16(p[2:], uint16(20+len(payload)))
	copy(p[12:], []byte{10, 0, 0, 1})
	copy(p[16:], []byte{224, 0, 0, 22})
	binary.BigEndian.PutUint16(p[10:], packet.Checksum(p))
	return append(p, payload...)
}

// sum sets the checksum of a message.
func sum(m string) string {
	b := []byte(m)
	binary.BigEndian.PutUint16(b[2:], packet.Checksum(b))
	return string(b)
}

// deliver returns what is raised for a message.
func deliver(t testing.TB, o Options, payload []byte, verify bool) (events []string, w Weird, ok bool) {
	h := new(event.Hooks)
	if _, err := event.NewStream(h, func() value.Time { return 0 }, func(line []byte) {
		_, rest, _ := strings.Cut(string(line), `"event":"`)
		name, rest, _ := strings.Cut(rest, `"`)
		_, args, _ := strings.Cut(rest, `"args":`)
		if name == "IGMP::message" {
			_, args, _ = strings.Cut(args, `"msg_type":`)
			args = `{"msg_type":` + args
		}
		events = append(events, strings.TrimPrefix(name, "IGMP::")+" "+strings.TrimSuffix(args, "}\n"))
	}, "IGMP::*"); err != nil {
		t.Fatal(err)
	}
	f := packet.Frame{Data: frame(string(payload)), Link: packet.LinkRaw}
	f.OrigLen = uint32(len(f.Data))
	var dec packet.Decoder
	var link packet.Packet
	var ip packet.IP
	dec.Decode(&f, &link)
	opt := packet.DefaultOptions()
	if why := ip.Parse(&link, &opt); why != packet.DropNone {
		t.Fatal(why)
	}
	w, ok = New(h, o).Deliver(&link, &f, &ip, verify)
	return events, w, ok
}

func TestMessages(t *testing.T) {
	const all = "\xe0\x00\x00\xfb" // 224.0.0.251
	v3 := "\x22\x00\x00\x00\x00\x00\x00\x02" +
		"\x04\x01\x00\x00" + all + "aux!" +
		"\x01\x00\x00\x02" + all + "\x0a\x00\x00\x02\x0a\x00\x00\x03"
	records := `{"source":"10.0.0.1","groups":[` +
		`{"group_type":"IGMP::CHANGE_TO_EXCLUDE_MODE","aux_data_len":1,"num_sources":0,"multicast_addr":"224.0.0.251","sources":[],"aux_data":"aux!"},` +
		`{"group_type":"IGMP::MODE_IS_INCLUDE","aux_data_len":0,"num_sources":2,"multicast_addr":"224.0.0.251","sources":["10.0.0.2","10.0.0.3"],"aux_data":""}]}`
	group := `{"source":"10.0.0.1","group_addr":"224.0.0.251"}`
	for _, c := range []struct {
		name, in string
		asZeek   bool
		want     string
	}{
		{"query", sum("\x11\x64\x00\x00\x00\x00\x00\x00\x02\x7d\x00\x00"), false,
			`message {"msg_type":"IGMP::MEMBERSHIP_QUERY"}|membership_query {"source":"10.0.0.1","group_addr":"0.0.0.0"}`},
		{"query with a source", sum("\x11\x64\x00\x00" + all + "\x02\x7d\x00\x01\x0a\x00\x00\x02"), true,
			`message {"msg_type":"IGMP::MEMBERSHIP_QUERY"}|membership_query ` + group},
		{"query of version 2", sum("\x11\x64\x00\x00" + all), false, `message {"msg_type":"IGMP::MEMBERSHIP_QUERY"}|membership_query ` + group},
		{"query of version 2, as Zeek", sum("\x11\x64\x00\x00" + all), true, `bad`},
		{"query with too few sources", sum("\x11\x64\x00\x00" + all + "\x02\x7d\x00\x02\x0a\x00\x00\x02"), false, `igmp_truncated |bad`},
		{"report of version 1", sum("\x12\x00\x00\x00" + all), false, `message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V1"}|membership_report_v1 ` + group},
		{"report of version 2", sum("\x16\x00\x00\x00" + all), false, `message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V2"}|membership_report_v2 ` + group},
		{"leave", sum("\x17\x00\x00\x00" + all), false, `message {"msg_type":"IGMP::LEAVE_GROUP"}|leave_group ` + group},
		{"report of version 3", sum(v3), false, `message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V3"}|membership_report_v3 ` + records},
		{"unknown type of record", sum("\x22\x00\x00\x00\x00\x00\x00\x01\x07\x00\x00\x00" + all), false, `message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V3"}|membership_report_v3 ` +
			`{"source":"10.0.0.1","groups":[{"group_type":"IGMP::GroupType_Undef","aux_data_len":0,"num_sources":0,"multicast_addr":"224.0.0.251","sources":[],"aux_data":""}]}`},
		{"too few records", sum("\x22\x00\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00" + all), false, `igmp_truncated |bad`},
		{"too few records, as Zeek", sum("\x22\x00\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00" + all), true, `bad`},
		{"record with too few sources", sum("\x22\x00\x00\x00\x00\x00\x00\x01\x01\x00\xff\xff" + all), false, `igmp_truncated |bad`},
		{"wrong checksum", "\x16\x00\x00\x01" + all, false, `igmp_invalid_checksum |message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V2"}`},
		{"wrong checksum, as Zeek", "\x16\x00\x00\x01" + all, true, `igmp_invalid_checksum |message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V2"}`},
		{"bytes after the message, in the checksum", sum("\x16\x00\x00\x00" + all + "more"), false,
			`message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V2"}|membership_report_v2 ` + group},
		{"bytes after the message, as Zeek", sum("\x16\x00\x00\x00" + all + "more"), true, `igmp_invalid_checksum |message {"msg_type":"IGMP::MEMBERSHIP_REPORT_V2"}`},
		{"unknown type", sum("\x13\x00\x00\x00" + all), false, `igmp_unknown_type 19|bad`},
		{"unknown type, as Zeek", sum("\x13\x00\x00\x00" + all), true, `bad`},
		{"short", "\x16\x00\x00\x00", false, `igmp_truncated |bad`},
		{"empty", "", false, `igmp_truncated |bad`},
	} {
		events, w, ok := deliver(t, Options{AsZeek: c.asZeek}, []byte(c.in), true)
		if w.Name != "" {
			events = append([]string{w.Name + " " + w.Addl}, events...)
		}
		if !ok {
			events = append(events, "bad")
		}
		if got := strings.Join(events, "|"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
	// Without verification, a wrong checksum is no matter.
	if events, w, _ := deliver(t, Options{}, []byte("\x16\x00\x00\x01"+all), false); len(events) != 2 || w.Name != "" {
		t.Errorf("%q, %v", events, w)
	}
}

// TestNobodyListens checks that no event is made for nobody.
func TestNobodyListens(t *testing.T) {
	f := packet.Frame{Data: frame(sum("\x16\x00\x00\x00\xe0\x00\x00\xfb")), Link: packet.LinkRaw}
	f.OrigLen = uint32(len(f.Data))
	var dec packet.Decoder
	var link packet.Packet
	var ip packet.IP
	dec.Decode(&f, &link)
	opt := packet.DefaultOptions()
	ip.Parse(&link, &opt)
	a := New(new(event.Hooks), Options{})
	if w, ok := a.Deliver(&link, &f, &ip, true); !ok || w.Name != "" {
		t.Errorf("%v, %t", w, ok)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(sum("\x22\x00\x00\x00\x00\x00\x00\x01\x01\x01\x00\x01\xe0\x00\x00\xfb\x0a\x00\x00\x02aux!")), true)
	f.Add([]byte(sum("\x11\x64\x00\x00\x00\x00\x00\x00\x02\x7d\x00\x00")), false)
	f.Fuzz(func(t *testing.T, payload []byte, asZeek bool) {
		if len(payload) > 1400 {
			return
		}
		events, _, ok := deliver(t, Options{AsZeek: asZeek}, payload, false)
		if want := 2; ok && len(events) != want || !ok && len(events) != 0 {
			t.Errorf("%t, %q", ok, events)
		}
	})
}

func listening() (*Analyzer, *packet.Packet, *packet.Frame, *packet.IP) {
	h := new(event.Hooks)
	h.IGMP.MembershipReportV3.Listen(func(*event.IGMPMembershipReportV3) {})
	f := &packet.Frame{Data: frame(sum("\x22\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x01\xe0\x00\x00\xfb\x0a\x00\x00\x02")), Link: packet.LinkRaw}
	f.OrigLen = uint32(len(f.Data))
	var dec packet.Decoder
	link, ip := new(packet.Packet), new(packet.IP)
	dec.Decode(f, link)
	opt := packet.DefaultOptions()
	ip.Parse(link, &opt)
	return New(h, Options{}), link, f, ip
}

func BenchmarkMessage(b *testing.B) {
	a, link, f, ip := listening()
	b.ReportAllocs()
	for b.Loop() {
		a.Deliver(link, f, ip, true)
	}
}
