package dns

import (
	"slices"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
)

// seeds returns messages of many kinds.
func seeds() [][]byte {
	return [][]byte{
		message(query, [4]uint16{1, 0, 0, 1}, question("a.test", 1), "\x00", u16(typeOPT), u16(4096), x("00000000 000b 0008 0007 0001 18 00 c00002")),
		message(response, [4]uint16{1, 2, 1, 0}, question("a.test", 1), record(typeCNAME, "\x01b\xc0\x0e"), record(typeA, x("c0000201")),
			record(typeSOA, name("m")+name("r")+x("00000001 0000003c 0000003d 0000003e 0000003f"))),
		message(response, [4]uint16{1, 5, 0, 0}, question("a", 255), record(typeTXT, "\x02ab\x00"), record(typeNAPTR, "\x00\x01\x00\x02\x01u\x02sv\x01!\x01R\x00"),
			record(typeNSEC3, x("01 00 000a 02 6162 01 63 0001 40")), record(typeRRSIG, x("0001 08 02 0000003c 00000002 00000001 0007")+name("z")+"sig"),
			record(typeHTTPS, u16(1)+"\x00"+x("0001 0003 02")+"h2"+x("0004 0004 c0000201"))),
		message(update, [4]uint16{1, 1, 1, 0}, question("z", typeSOA), classRecord(255, classNone, 0, ""), classRecord(typeA, 1, 60, x("c0000201"))),
	}
}

// FuzzMessage checks that no message makes the decoder panic, loop, or raise more events
// than its size allows.
func FuzzMessage(f *testing.F) {
	for _, m := range seeds() {
		f.Add(m, true)
	}
	f.Fuzz(func(t *testing.T, m []byte, isOrig bool) {
		o := DefaultOptions()
		o.SkipAllAuth, o.SkipAllAddl = false, false
		b := newBench(t, o)
		b.datagram(true, message(query, [4]uint16{}))
		b.lines = nil
		if len(m) > 60000 {
			return
		}
		b.datagram(isOrig, m)
		// A record has at least 11 bytes, a question 5, an option 4; each raises only a
		// few events and weirds.
		if n := len(b.lines); n > 10+4*len(m) {
			t.Errorf("%d bytes raise %d events", len(m), n)
		}
	})
}

// FuzzStream checks that segmentation does not change the result.
func FuzzStream(f *testing.F) {
	f.Add(conversation(seeds()...), []byte{1, 30, 2})
	f.Add([]byte{0, 0, 0, 1, 7}, []byte{1})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		if len(stream) > 8000 {
			return
		}
		play := func(cuts []byte) []string {
			b := newBench(t, DefaultOptions())
			b.Open()
			for s := stream; len(s) > 0; {
				n := len(s)
				if len(cuts) > 0 {
					n, cuts = min(n, 1+int(cuts[0])), cuts[1:]
				}
				b.Talk(true, s[:n])
				s = s[n:]
			}
			b.Close()
			return b.lines
		}
		if whole, parts := play(nil), play(cuts); !slices.Equal(whole, parts) {
			t.Errorf("whole: %q\nin parts: %q", whole, parts)
		}
	})
}

// transaction returns a typical query of a resolver and its answer.
func transaction() (ask, answer []byte) {
	ask = message(query, [4]uint16{1, 0, 0, 1}, question("www.example.com", 1), "\x00", u16(typeOPT), u16(1232), x("00000000 0000"))
	answer = message(response, [4]uint16{1, 3, 0, 1}, question("www.example.com", 1),
		record(typeCNAME, "\x04edge\xc0\x10"), record(typeA, x("c0000201")), record(typeA, x("c0000202")),
		"\x00", u16(typeOPT), u16(1232), x("00000000 0000"))
	return ask, answer
}

// listening returns a decoder whose common events have listeners.
func listening() *decoder {
	h := new(event.Hooks)
	d := new(decoder)
	d.init(&h.DNS, DefaultOptions())
	h.DNS.Message.Listen(func(*event.DNSMessage) {})
	h.DNS.Request.Listen(func(*event.DNSRequest) {})
	h.DNS.QueryReply.Listen(func(*event.DNSQueryReply) {})
	h.DNS.AReply.Listen(func(*event.DNSAReply) {})
	h.DNS.CNAMEReply.Listen(func(*event.DNSCNAMEReply) {})
	h.DNS.End.Listen(func(*event.DNSEnd) {})
	return d
}

func BenchmarkTransaction(b *testing.B) {
	d := listening()
	ask, answer := transaction()
	b.ReportAllocs()
	b.SetBytes(int64(len(ask) + len(answer)))
	for b.Loop() {
		d.header(nopReporter{}, nil, ask, false)
		d.body(fromOrig, portDNS)
		d.header(nopReporter{}, nil, answer, false)
		d.body(fromResp, portDNS)
	}
}
