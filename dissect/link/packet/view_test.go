package packet

import "testing"

// View shows what Parse shows of a header, however much of the packet there is.
func TestView(t *testing.T) {
	v4 := []byte{0x46, 0, 0, 40, 0, 7, 0x20, 2, 9, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1, 0xaa, 0xbb}
	v6 := append([]byte{0x60, 0, 0, 0, 0, 16, 60, 5}, make([]byte, 40)...)
	v6[40] = ProtoUDP
	var ip IP
	var w Weirds
	if !ip.View(v4, &w) || ip.HdrLen != 24 || ip.TotalLen != 40 || ip.PayloadLen != 16 || len(ip.Payload) != 2 ||
		ip.Proto != ProtoUDP || ip.TTL != 9 || ip.FragOffset != 16 || !ip.MF {
		t.Errorf("%+v", ip)
	}
	if !ip.View(v6, &w) || ip.HdrLen != 48 || ip.PayloadLen != 8 || len(ip.Payload) != 0 || ip.Proto != ProtoUDP || ip.MF {
		t.Errorf("%+v", ip)
	}
	for n := range 24 {
		if ip.View(v4[:n], &w) {
			t.Errorf("IPv4 header in %d bytes", n)
		}
	}
	for n := range 40 {
		if ip.View(v6[:n], &w) {
			t.Errorf("IPv6 header in %d bytes", n)
		}
	}
	if ip.View(make([]byte, 64), &w) {
		t.Error("version 0")
	}
}
