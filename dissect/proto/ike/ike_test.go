package ike

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/codec/wire"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
)

// newBench returns a bench whose server has a port.
func newBench(t testing.TB, port uint16, o Options) (*testconn.Bench, func() []string) {
	b := testconn.New(t, testconn.Config())
	raised := b.Record("IPSEC::")
	alone, withESP, tcp := New(b.Hooks, o)
	b.SetAttacher(detect.New([]*detect.Protocol{alone, withESP, tcp}))
	b.Server = netip.AddrPortFrom(b.Server.Addr(), port)
	return b, raised
}

func fromHex(s string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// message builds a message of the responder with the flags and payloads.
func message(version, exchange, flags, next byte, payloads ...string) string {
	s := strings.Join(payloads, "")
	b := []byte("initiateanswered")
	b = append(b, next, version, exchange, flags, 0, 0, 0, 5)
	return string(binary.BigEndian.AppendUint32(b, uint32(headerLen+len(s)))) + s
}

// payload builds a payload before one of the type next.
func payload(next byte, body string) string {
	return string(binary.BigEndian.AppendUint16([]byte{next, 0}, uint16(payloadLen+len(body)))) + body
}

const id5 = `"message_id":5`

// header is the event of a message.
func header(major, exchange, next, flags, length string) string {
	return `IPSEC::ike_message {"is_orig":true,"msg":{"initiator_spi":"initiate","responder_spi":"answered","next_payload":` + next +
		`,"maj_ver":` + major + `,"min_ver":0,"exchange_type":` + exchange + `,` + flags + `,` + id5 + `,"length":` + length + `}}`
}

const (
	noFlags  = `"flag_e":false,"flag_c":false,"flag_a":false,"flag_i":false,"flag_v":false,"flag_r":false`
	response = `"flag_e":false,"flag_c":false,"flag_a":false,"flag_i":false,"flag_v":false,"flag_r":true`
	secret   = `"flag_e":true,"flag_c":false,"flag_a":false,"flag_i":false,"flag_v":false,"flag_r":false`
	failed   = "violation error while parsing IPSecIKE record"
)

func raisedBy(name, msg string) string {
	return `IPSEC::` + name + ` {"is_orig":true,"msg":{"message_id":5,` + msg + `}}`
}

// TestMessages has messages that are confirmed, or refused without an event.
func TestMessages(t *testing.T) {
	const confirmed = "confirmed SPICY_IPSEC_IKE_UDP"
	proposal := "\x02\x00\x00\x24\x01\x01\x00\x03" + "\x03\x00\x00\x0c\x01\x00\x00\x0c\x80\x0e\x01\x00" + "\x03\x00\x00\x08\x02\x00\x00\x05" + "\x00\x00\x00\x08\x04\x00\x00\x0e"
	last := "\x00\x00\x00\x0a\x02\x03\x02\x00ab"
	v1 := "\x00\x00\x00\x01\x00\x00\x00\x01" + "\x00\x00\x00\x1c\x01\x01\x00\x01" + "\x00\x00\x00\x14\x01\x01\x00\x00" + "\x80\x0b\x00\x01" + "\x00\x0c\x00\x04\x00\x01\x51\x80"
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"association of version 2", message(0x20, 34, 0x20, 33, payload(34, proposal+last), payload(0, "\x00\x0e\x00\x00key")), []string{confirmed,
			raisedBy("ike_data_attribute", `"proposal_num":1,"transform_id":12,"AF":true,"attribute_type":14,"attribute_val":"\\x01\\x00"`),
			raisedBy("ikev2_sa_transform", `"proposal_num":1,"last_or_more":"\\x03","transform_len":12,"transform_type":1,"transform_id":12`),
			raisedBy("ikev2_sa_transform", `"proposal_num":1,"last_or_more":"\\x03","transform_len":8,"transform_type":2,"transform_id":5`),
			raisedBy("ikev2_sa_transform", `"proposal_num":1,"last_or_more":"\\x00","transform_len":8,"transform_type":4,"transform_id":14`),
			raisedBy("ikev2_sa_proposal", `"last_or_more":"\\x02","proposal_len":36,"proposal_num":1,"protocol_id":1,"spi_size":0,"num_transforms":3,"spi":""`),
			raisedBy("ikev2_sa_proposal", `"last_or_more":"\\x00","proposal_len":10,"proposal_num":2,"protocol_id":3,"spi_size":2,"num_transforms":0,"spi":"ab"`),
			raisedBy("ikev2_ke_payload", `"dh_group":14,"key_exchange_data":"key"`), header("2", "34", "33", response, "89")}},
		{"others of version 2", message(0x20, 37, 0x20, 40, payload(41, "nonce"), payload(43, "\x01\x02\x40\x04spdata"), payload(38, "vendor"), payload(37, "\x04authority"),
			payload(42, "\x04certificate"), payload(99, "\x03\x04\x00\x02spi1spi2"), payload(46, "unknown"), payload(35, "secret")), []string{confirmed,
			raisedBy("ikev2_nonce_payload", `"nonce_data_len":5`),
			raisedBy("ikev2_notify_payload", `"protocol_id":1,"spi_size":2,"notify_msg_type":16388,"spi":"sp","notification_data":"data"`),
			raisedBy("ikev2_vendorid_payload", `"vendor_id":"vendor"`), raisedBy("ikev2_certreq_payload", `"cert_encoding":4,"cert_authority":"authority"`),
			raisedBy("ikev2_cert_payload", `"cert_encoding":4,"cert_data":"certificate"`),
			raisedBy("ikev2_delete_payload", `"protocol_id":3,"spi_size":4,"num_spi":2,"spis":["spi1","spi2"]`),
			raisedBy("ikev2_encrypted_payload", `"payload_len":6`), header("2", "37", "40", response, "128")}},
		{"association of version 1", message(0x10, 2, 0, 1, payload(0, v1)), []string{confirmed,
			raisedBy("ikev1_p_payload", `"proposal_num":1,"protocol_id":1,"spi_size":0,"num_transforms":1,"spi":""`),
			raisedBy("ike_data_attribute", `"proposal_num":1,"transform_id":1,"AF":true,"attribute_type":11,"attribute_val":"\\x00\\x01"`),
			raisedBy("ike_data_attribute", `"proposal_num":1,"transform_id":1,"AF":false,"attribute_type":12,"attribute_val":"\\x00\\x01Q\\x80"`),
			raisedBy("ikev1_t_payload", `"proposal_num":1,"transform_num":1,"transform_id":1`),
			raisedBy("ikev1_sa_payload", `"doi":1,"situation":"\\x00\\x00\\x00\\x01"`), header("1", "2", "1", noFlags, "68")}},
		{"others of version 1", message(0x10, 4, 0, 4, payload(5, "key"), payload(6, "\x01\x11\x01\xf4id"), payload(7, "\x04certificate"), payload(8, "\x04authority"),
			payload(9, "hash"), payload(10, "signature"), payload(11, "nonce"), payload(12, "\x00\x00\x00\x01\x01\x00\x00\x0edata"),
			payload(13, "\x00\x00\x00\x01\x01\x02\x00\x01sp"), payload(0, "vendor")), []string{confirmed,
			raisedBy("ikev1_ke_payload", `"key_exchange_data":"key"`), raisedBy("ikev1_id_payload", `"identification_data_len":2`),
			raisedBy("ikev1_cert_payload", `"cert_encoding":4,"cert_data":"certificate"`), raisedBy("ikev1_certreq_payload", `"cert_encoding":4,"cert_authority":"authority"`),
			raisedBy("ikev1_hash_payload", `"hash_data_len":4`), raisedBy("ikev1_sig_payload", `"sig_data_len":9`), raisedBy("ikev1_nonce_payload", `"nonce_data_len":5`),
			raisedBy("ikev1_notify_payload", `"protocol_id":1,"spi_size":0,"notify_msg_type":14,"spi":"","notification_data":"data"`),
			raisedBy("ikev1_delete_payload", `"protocol_id":1,"spi_size":2,"num_spi":1,"spis":["sp"]`), raisedBy("ikev1_vid_payload", `"vendor_id":"vendor"`), header("1", "4", "4", noFlags, "145")}},
		{"encrypted", message(0x10, 32, 1, 8, "sixteen bytes of"), []string{confirmed, header("1", "32", "8", secret, "44")}},
		{"fragment", message(0x20, 35, 0x20, 53, payload(35, "\x00\x01\x00\x02secret")), []string{confirmed, header("2", "35", "53", response, "42")}},
		{"payload longer than the message", message(0x20, 34, 0, 40, payload(43, "nonce"), "\x00\x00\x00\x09vend"), []string{failed}},
		{"payload shorter than its header", message(0x20, 34, 0, 40, payload(43, "nonce"), "\x00\x00\x00\x03"), []string{failed}},
		{"transforms missing", message(0x20, 34, 0, 33, payload(0, "\x00\x00\x00\x08\x01\x01\x00\x01")), []string{failed}},
		{"no mark of the last proposal", message(0x20, 34, 0, 33, payload(0, "\x01\x00\x00\x08\x01\x01\x00\x00")), []string{failed}},
		{"attribute cut", message(0x10, 2, 0, 1, payload(0, v1[:8]+"\x00\x00\x00\x13\x01\x01\x00\x01\x00\x00\x00\x0b\x01\x01\x00\x00\x80\x0b\x00")), []string{failed}},
		{"first payload too long", message(0x20, 34, 0, 33, "\x00\x00\x00\x05"), nil},
		{"length of zero", strings.Replace(message(0x20, 34, 0, 40, payload(0, "nonce")), "\x00\x00\x00\x25", "\x00\x00\x00\x00", 1), nil},
		{"longer datagram", message(0x20, 34, 0, 40, payload(0, "nonce")) + "x", nil},
		{"version 3", message(0x30, 34, 0, 40, payload(0, "nonce")), nil},
		{"unknown exchange", message(0x20, 99, 0, 40, payload(0, "nonce")), nil},
		{"unknown flags", message(0x20, 34, 0x40, 40, payload(0, "nonce")), nil},
	} {
		b, raised := newBench(t, 500, DefaultOptions())
		b.Datagram(true, []byte(c.in))
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

func esp(spi, seq uint32, n int) string {
	return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, spi), seq)) + strings.Repeat("e", n)
}

// TestESP has flows to port 4500, and to another one, by the beginning of what is raised.
func TestESP(t *testing.T) {
	const (
		marker    = "\x00\x00\x00\x00"
		confirmed = "confirmed SPICY_IPSEC_UDP"
	)
	nonce := message(0x20, 34, 0x20, 40, payload(0, "nonce"))
	for _, c := range []struct {
		name string
		port uint16
		talk []string
		want []string
	}{
		{"IKE and ESP", 4500, []string{">" + marker + nonce, "<\xff", "<" + esp(0xc0000001, 77, 40)}, []string{confirmed, "IPSEC::ikev2_nonce_payload", "IPSEC::ike_message",
			`IPSEC::esp_message {"is_orig":false,"msg":{"spi":3221225473,"seq":77,"payload_len":40}}`}},
		{"IKE at another port", 4501, []string{"<" + marker + nonce, ">" + esp(0xc0000001, 77, 40)}, []string{confirmed, "IPSEC::ikev2_nonce_payload", "IPSEC::ike_message", "IPSEC::esp_message"}},
		{"ESP alone", 4500, []string{">\xff", ">" + esp(0xc0000001, 1, 40), ">" + esp(0xc0000001, 2, 44)}, []string{"IPSEC::esp_message", confirmed, "IPSEC::esp_message"}},
		{"ESP of both sides", 4500, []string{">" + esp(0xc0000001, 1, 40), "<" + esp(0xc0000002, 1, 40), ">" + esp(0xc0000001, 3, 44)}, []string{"IPSEC::esp_message", "IPSEC::esp_message", confirmed, "IPSEC::esp_message"}},
		{"ESP at another port", 4501, []string{">" + esp(0xc0000001, 1, 40), ">" + esp(0xc0000001, 2, 44)}, nil},
		{"repeated", 4500, []string{">" + esp(0xc0000001, 1, 40), ">" + esp(0xc0000001, 1, 40)}, []string{"IPSEC::esp_message", "IPSEC::esp_message"}},
		{"high number first", 4500, []string{">" + esp(0xc0000001, espFirst, 40)}, []string{failed}},
		{"unaligned", 4500, []string{">" + esp(0xc0000001, 1, 41)}, []string{failed}},
		{"reserved association", 4500, []string{">" + esp(255, 1, 40)}, []string{failed}},
		{"WireGuard", 4500, []string{">" + "\x01\x00\x00\x00\x00\x00\x01\x01" + strings.Repeat("k", 140)}, []string{failed}},
		{"short", 4500, []string{">abc"}, []string{failed}},
		{"marker and no IKE", 4500, []string{">" + marker + "nothing that is known to anybody"}, []string{failed}},
		{"IKE without the marker", 4500, []string{">" + nonce}, []string{failed, "confirmed SPICY_IPSEC_IKE_UDP", "IPSEC::ikev2_nonce_payload", "IPSEC::ike_message"}},
	} {
		b, raised := newBench(t, c.port, DefaultOptions())
		for _, d := range c.talk {
			b.Datagram(d[0] == '>', []byte(d[1:]))
		}
		got := slices.DeleteFunc(raised(), func(s string) bool { return s == "done" })
		same := len(got) == len(c.want)
		for i := range c.want {
			same = same && strings.HasPrefix(got[i], c.want[i])
		}
		if !same {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

// framed returns messages of a TCP connection, the client's after its prefix.
func framed(msgs ...string) (talk []string) {
	for i, m := range msgs {
		p := m[:1] + string(binary.BigEndian.AppendUint16(nil, uint16(len(m)+1))) + m[1:]
		if i == 0 {
			p = m[:1] + prefix + p[1:]
		}
		talk = append(talk, p)
	}
	return talk
}

var overTCP = framed(">\x00\x00\x00\x00"+message(0x20, 34, 0x08, 40, payload(0, "nonce")), "<\x00\x00\x00\x00"+message(0x20, 34, 0x20, 40, payload(0, "nonce")),
	">"+esp(0xc0000001, 1, 40), "<"+esp(0xc0000002, 1, 40), ">\xff")

func TestStreams(t *testing.T) {
	for _, size := range []int{1 << 16, 1, 2, 3, 7, 8, 50} {
		b, raised := newBench(t, 4500, DefaultOptions())
		b.Open()
		b.Converse(overTCP, size)
		b.Close()
		b.Drain()
		got := raised()
		if len(got) != 7 || got[0] != "confirmed SPICY_IPSEC_TCP" || !strings.HasPrefix(got[6], `IPSEC::esp_message {"is_orig":false`) {
			t.Errorf("in segments of %d: %q", size, got)
		}
		if n := b.Table.Held(); n != 0 {
			t.Errorf("%d bytes are held", n)
		}
	}
	for name, c := range map[string][]string{
		"ESP first": framed(">" + esp(0xc0000001, 1, 40)), "no length": {">" + prefix + "\x00\x01rest"}, "no message": framed(">\x00\x00\x00\x00nothing"),
	} {
		b, raised := newBench(t, 4500, DefaultOptions())
		b.Open()
		b.Converse(c, 1<<16)
		if got := raised(); !slices.Equal(got, []string{failed}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzStream(f *testing.F) {
	client, server := testconn.Sides(overTCP)
	f.Add(client, server, 3)
	f.Add([]byte(prefix+"\x00\x06\x00\x00\x00\x00"), []byte("\x00\x00"), 1)
	testconn.FuzzSegments(f, func(t testing.TB) (*testconn.Bench, func() []string) { return newBench(t, 4500, DefaultOptions()) })
}

// Packets that look like ESP and never follow each other end the analysis.
func TestTries(t *testing.T) {
	b, raised := newBench(t, 4500, DefaultOptions())
	for i := range uint32(tries + 1) {
		b.Datagram(true, []byte(esp(0xc0000001+i, 1, 40)))
	}
	if got := raised(); len(got) != tries+1 || got[tries] != failed {
		t.Errorf("%q", got)
	}
}

// A limit ends what is told of a message, not the analysis.
func TestLimit(t *testing.T) {
	b, raised := newBench(t, 500, Options{Items: 2})
	b.Datagram(true, []byte(message(0x20, 34, 0x20, 43, payload(43, "a"), payload(43, "b"), payload(0, "c"))))
	if got := raised(); len(got) != 4 || !strings.HasPrefix(got[3], "IPSEC::ike_message") {
		t.Errorf("%q", got)
	}
	if n := b.Table.LimitCounts(); len(n) != 1 {
		t.Errorf("limits: %v", n)
	}
}

// Nothing random is taken for IKE, with a marker or without; at port 4500 nothing random is
// taken for ESP either.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := make([]byte, 128)
	fill := func() []byte {
		for i := 0; i < len(d); i += 8 {
			binary.LittleEndian.PutUint64(d[i:], r.Uint64())
		}
		return d[:1+r.IntN(len(d))]
	}
	for range 1_000_000 {
		if x := fill(); isAlone(x) == detect.Match || isMarked(append([]byte{0, 0, 0, 0}, x...)) == detect.Match {
			t.Fatalf("%x is taken for IKE", x)
		}
	}
	b, _ := newBench(t, 4500, DefaultOptions())
	confirmed := 0
	b.Hooks.Analyzer.ConfirmationInfo.Listen(func(*event.AnalyzerConfirmationInfo) { confirmed++ })
	for i := range 20_000 {
		b.Client = netip.AddrPortFrom(b.Client.Addr(), uint16(1024+i/10))
		b.Datagram(i%3 > 0, slices.Clone(fill()))
	}
	if confirmed > 0 {
		t.Errorf("%d flows are confirmed", confirmed)
	}
}

func FuzzFlow(f *testing.F) {
	f.Add([]byte(message(0x20, 34, 0, 33, payload(34, "\x00\x00\x00\x10\x01\x01\x00\x01\x00\x00\x00\x08\x01\x00\x00\x0c"), payload(0, "\x00\x0e\x00\x00key"))), []byte(esp(0xc0000001, 1, 40)), false)
	f.Add([]byte(message(0x10, 2, 0, 1, payload(13, fromHex("00000001 00000001 0000001801010001 00000010 01010000 800b0001 800c7080")), payload(0, "vendor"))), []byte("\xff"), true)
	f.Add([]byte(message(0x10, 5, 0, 11, payload(12, "\x00\x00\x00\x01\x01\x00\x00\x0e"), payload(0, "\x00\x00\x00\x01\x01\x02\x00\x01sp"))), []byte(message(0x20, 37, 0x20, 46, payload(0, "x"))), false)
	f.Fuzz(func(t *testing.T, first, second []byte, marked bool) {
		if len(first)+len(second) > 4096 {
			return
		}
		port := uint16(500)
		if marked {
			port = 4500
			first = append([]byte{0, 0, 0, 0}, first...)
		}
		b, raised := newBench(t, port, DefaultOptions())
		for i, d := range [][]byte{first, second, first, second} {
			b.Datagram(i%2 == 0, d)
			got := raised()
			// A message is told with its header, or not at all.
			if n := len(got); n > 0 && slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "IPSEC::ikev") }) && !strings.HasPrefix(got[n-1], "IPSEC::ike_message") {
				t.Errorf("%q", got)
			}
		}
		b.Drain()
		if n := b.Table.Stats().Panics; n != 0 {
			t.Fatalf("%d panics", n)
		}
	})
}

// What is well-formed is read without an error, and what is not with one.
func TestWellFormed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a := listening(t).(*analyzer)
	seeds := [][]byte{usual, deletion,
		[]byte(message(0x10, 2, 0, 1, payload(13, fromHex("00000001 00000001 0000001801010001 00000010 01010000 800b0001 800c7080")), payload(6, "vendor"), payload(7, "\x04cert"), payload(5, "\x04cert"), payload(0, "\x01\x00\x00\x00id"))),
		[]byte(message(0x10, 5, 0, 11, payload(12, "\x00\x00\x00\x01\x01\x04\x00\x0espi1note"), payload(0, "\x00\x00\x00\x01\x01\x02\x00\x02spi1"))),
		[]byte(message(0x20, 34, 0, 37, payload(38, "\x04cert"), payload(46, "\x04cert"), payload(99, "beyond"))),
	}
	count := map[bool]int{}
	for i := range 200_000 {
		b := slices.Clone(seeds[i%len(seeds)])
		for range r.IntN(3) {
			b[headerLen+r.IntN(len(b)-headerLen)] = []byte{0, 1, 2, 3, 4, 8, 0x80, 0xff, byte(r.Uint32())}[r.IntN(9)]
		}
		payloads, next, major := b[headerLen:], b[16], b[17]>>4
		if r.IntN(4) == 0 {
			payloads = payloads[:r.IntN(len(payloads)+1)]
		}
		got := wellFormed(payloads, next, major)
		c := wire.NewCursor(payloads)
		(&reader{a: a}).payloads(&c, next, major)
		if got != c.OK() {
			t.Fatalf("version %d, first %d, %x: well-formed %v, read with %v", major, next, payloads, got, c.Err())
		}
		count[got]++
	}
	if count[true] < 10_000 || count[false] < 10_000 {
		t.Error(count)
	}
}

// listening returns an analyzer whose events have listeners.
func listening(t testing.TB) conn.Analyzer {
	b := testconn.New(t, testconn.Config())
	b.Hooks.IPSEC.IKEMessage.Listen(func(*event.IPSECIKEMessage) {})
	b.Hooks.IPSEC.IKEv2SAProposal.Listen(func(*event.IPSECIKEv2SAProposal) {})
	b.Hooks.IPSEC.IKEDataAttribute.Listen(func(*event.IPSECIKEDataAttribute) {})
	b.Hooks.IPSEC.IKEv2KEPayload.Listen(func(*event.IPSECIKEv2KEPayload) {})
	b.Hooks.IPSEC.IKEv2NotifyPayload.Listen(func(*event.IPSECIKEv2NotifyPayload) {})
	b.Hooks.IPSEC.IKEv2DeletePayload.Listen(func(*event.IPSECIKEv2DeletePayload) {})
	p, _, _ := New(b.Hooks, DefaultOptions())
	b.Datagram(true, []byte("x"))
	return b.New(&p.Protocol)
}

var usual = []byte(message(0x20, 34, 0x08, 33,
	payload(34, "\x00\x00\x00\x2c\x01\x01\x00\x04"+"\x03\x00\x00\x0c\x01\x00\x00\x0c\x80\x0e\x01\x00"+"\x03\x00\x00\x08\x02\x00\x00\x05"+"\x03\x00\x00\x08\x03\x00\x00\x0c"+"\x00\x00\x00\x08\x04\x00\x00\x0e"),
	payload(40, "\x00\x0e\x00\x00"+strings.Repeat("k", 256)), payload(41, strings.Repeat("n", 32)),
	payload(41, "\x00\x00\x40\x04"+strings.Repeat("s", 20)), payload(0, "\x00\x00\x40\x05"+strings.Repeat("d", 20))))

var deletion = []byte(message(0x20, 37, 0x08, 42, payload(0, "\x03\x04\x00\x02spi1spi2")))

func BenchmarkMessage(b *testing.B) {
	a := listening(b)
	b.ReportAllocs()
	for b.Loop() {
		a.Data(true, usual)
	}
}

// BenchmarkOther is what a datagram of another protocol costs.
func BenchmarkOther(b *testing.B) {
	d := []byte(strings.Repeat("x", 100))
	for b.Loop() {
		if isAlone(d) == detect.Match || isMarked(d) == detect.Match {
			b.Fatal("it is IKE")
		}
	}
}
