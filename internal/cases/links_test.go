package cases

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/pipeline"
)

func ignoreChecksums(o *pipeline.Options) { o.Dissect.Packet.IgnoreChecksums = true }

func TestShortPPPHeaders(t *testing.T) {
	logs, s := read(t, ignoreChecksums, input(t, "10-pppoe-pfc", "pppoe-session-http.pcap"))
	if len(logs["conn"]) != 1 || len(logs["http"]) != 1 || logs["conn"][0]["id.resp_p"] != "80" || logs["conn"][0]["service"] != "http" {
		t.Errorf("conn %v, http %v, %+v", logs["conn"], logs["http"], s.Dropped)
	}
	for _, file := range []string{"gre-ppp-0021.pcap", "gre-ppp-ff030021.pcap"} {
		logs, _ := read(t, ignoreChecksums, input(t, "10-pppoe-pfc", file))
		if got := column(logs["dns"], "query"); !slices.Equal(got, []string{"www.example.com"}) {
			t.Errorf("%s: queries %q, weirds %v", file, got, logs["weird"])
		}
	}
}

func TestLinkTypes(t *testing.T) {
	for _, c := range []struct {
		file string
		link string // in the line about an unknown one
		log  string // otherwise what is read
		name string
		want string
	}{
		{file: "arcnet-7.pcap", link: "7 (ARCNET_BSD)"},
		{file: "bluetooth-201.pcap", link: "201 (BLUETOOTH_HCI_H4_WITH_PHDR)"},
		{file: "ieee802154-195.pcap", link: "195 (IEEE802_15_4_WITHFCS)"},
		{file: "netlink-253.pcap", link: "253 (NETLINK)"},
		{file: "usb-220.pcap", link: "220 (USB_LINUX_MMAPPED)"},
		{file: "c_hdlc-104.pcap", log: "dns", name: "query", want: "www.example.com"},
		{file: "fr-107.pcap", log: "dns", name: "query", want: "www.example.com"},
		{file: "pktap-258.pcap", log: "dns", name: "query", want: "www.example.com"},
		{file: "cisco-hdlc-in-ppp-9.pcap", log: "conn", name: "id.resp_p", want: "179"},
	} {
		t.Run(c.file, func(t *testing.T) {
			capture := input(t, "56-unknown-link-types", c.file)
			logs, s := read(t, nil, capture)
			if c.link == "" {
				if got := column(logs[c.log], c.name); !slices.Equal(got, []string{c.want}) || s.Lost() {
					t.Errorf("%s %q, want %q; %+v", c.name, got, c.want, s)
				}
				return
			}
			if len(s.Damage) != 1 || !strings.HasPrefix(s.Damage[0], capture+": link type "+c.link+" is not known: ") || !s.Lost() {
				t.Errorf("damage %q", s.Damage)
			}
			if n := dropped(&s, packet.DropLinkType); n == 0 || n != s.Packets || len(logs) != 0 {
				t.Errorf("%d of %d packets left out, logs %v", n, s.Packets, logs)
			}
			logs, s = read(t, zeek82, capture)
			if len(s.Damage) != 0 || len(logs) == 0 {
				t.Errorf("as Zeek 8.2: damage %q, logs %v", s.Damage, logs)
			}
		})
	}
}
