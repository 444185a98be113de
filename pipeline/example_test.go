package pipeline_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/detect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// This example prints the names that clients ask DNS for. With one shard the
// listener needs no lock.
func ExampleRun_dnsNames() {
	o := pipeline.Defaults()
	o.Paths, o.Filter = []string{"../testdata/dns.pcap"}, "ip6"
	o.Shards = 1
	o.Logs, o.OutputPath, o.Format = []string{"conn"}, os.DevNull, pipeline.FormatJSON
	o.Extend = func(x *pipeline.Extension) error {
		x.Hooks.DNS.Request.Listen(func(e *event.DNSRequest) {
			fmt.Printf("%s\n", e.Query) // valid inside the call
		})
		return nil
	}
	if _, err := pipeline.Run(context.Background(), o); err != nil {
		log.Fatal(err)
	}
	// Output:
	// www.example.test
}

// lookup is a row of a log of the program's own: a DNS question that was answered.
type lookup struct {
	TS    value.Time     `zeek:"ts" doc:"Time of the query."`
	UID   string         `zeek:"uid" doc:"Identifier of the connection."`
	ID    schemas.ID     `zeek:"id" doc:"Endpoints of the connection."`
	Query string         `zeek:"query" doc:"Name that was asked for."`
	RTT   value.Interval `zeek:"rtt" doc:"Time until the answer."`
}

// This example writes a log of the program's own: its schema is made from a struct,
// and a builder emits its rows.
func ExampleRun_ownLog() {
	table := schemas.MustOf[lookup]("lookup", "Lookups in the DNS and how long they took.")
	builder := logs.Builder{
		Schemas: []*schemas.Schema{table.Schema()},
		Install: func(h *event.Hooks, out schemas.Emitter, o *logs.Options) {
			row := table.New()
			slot := h.NewSlot() // the pending question of a connection
			h.DNS.Request.Listen(func(e *event.DNSRequest) {
				id := e.Conn.ID()
				e.Conn.SetSlot(slot, &lookup{
					TS: o.Now(), UID: e.Conn.UID().String(), ID: logs.Endpoints(&id), Query: string(e.Query)})
			})
			h.DNS.End.Listen(func(e *event.DNSEnd) {
				if q, ok := e.Conn.Slot(slot).(*lookup); ok && e.Msg.QR {
					row.V = *q
					row.V.RTT = value.Interval(o.Now().Seconds() - q.TS.Seconds())
					out.Emit(row)
					e.Conn.SetSlot(slot, nil)
				}
			})
		},
	}

	o := pipeline.Defaults()
	o.Paths, o.Filter = []string{"../testdata/dns.pcap"}, "ip6"
	o.Seed = "example" // the same uids in every run
	o.Schemas, o.Builders = []*schemas.Schema{table.Schema()}, []logs.Builder{builder}
	o.Logs, o.OutputPath, o.Format = []string{"lookup"}, "-", pipeline.FormatJSON
	if _, err := pipeline.Run(context.Background(), o); err != nil {
		log.Fatal(err)
	}
	// Output:
	// {"ts":1795248317.91675,"uid":"CuR1dbiiFcz9PXqMG3","id.orig_h":"fd77::1","id.orig_p":55292,"id.resp_h":"fd77::2","id.resp_p":53,"query":"www.example.test","rtt":0.0005869865417480469}
}

// greeting is an event of the program's own. Its connection identifies it in event
// streams.
type greeting struct {
	Conn event.Conn `json:"-"`
	From string     `json:"from"`
}

func (g *greeting) EventConn() event.Conn { return g.Conn }

// greeter analyzes the datagrams of one flow: "HELLO " and a name.
type greeter struct {
	conn.Use
	hook *event.Hook[greeting]
}

// Data takes a datagram.
func (g *greeter) Data(_ bool, b []byte) {
	name, ok := bytes.CutPrefix(b, []byte("HELLO "))
	if !ok {
		g.Violate(conn.Violation{Reason: "no greeting", Data: b})
		return
	}
	g.Confirm() // the flow's service
	if e := g.hook.Begin(); e != nil {
		*e = greeting{Conn: g.Conn(), From: string(name)}
		g.hook.Raise(e)
	}
}

// Gap is for streams.
func (g *greeter) Gap(bool, uint64) {}

// End is for streams.
func (g *greeter) End(bool) {}

// Done is the last call.
func (g *greeter) Done() {}

// This example analyzes a protocol of the program's own over UDP, recognized by the
// first bytes of its datagrams. Its event is like any other, and its name becomes the
// service of the connection.
func ExampleRun_ownProtocol() {
	o := pipeline.Defaults()
	o.Extend = func(x *pipeline.Extension) error {
		hook, err := event.Declare[greeting](x.Hooks, "greeting")
		if err != nil {
			return err
		}
		hook.Listen(func(e *greeting) { fmt.Println(e.From, "says hello") })
		x.AddProtocol(func(*files.Manager) *detect.Protocol {
			return &detect.Protocol{
				Protocol: conn.Protocol{Name: "GREETING", Service: "greeting",
					New: func(u conn.Use) conn.Analyzer { return &greeter{u, hook} }},
				Transport: value.ProtoUDP,
				Signatures: []detect.Signature{{Orig: func(b []byte) detect.Verdict {
					return detect.StartsWith(b, "HELLO ")
				}}},
			}
		})
		x.Hooks.Conn.ConnectionStateRemove.Listen(func(e *event.ConnectionStateRemove) {
			fmt.Println("services:", e.Conn.Services(nil))
		})
		return nil
	}
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.FromPackets(func(yield func(capture.Packet) bool) {
			yield(capture.Packet{Data: datagram("10.0.0.1", "10.0.0.2", "HELLO alice"), Time: 1_700_000_000e9, Link: 101})
		}, b)
	}
	o.Shards = 1
	o.Logs, o.OutputPath, o.Format = []string{"conn"}, os.DevNull, pipeline.FormatJSON
	if _, err := pipeline.Run(context.Background(), o); err != nil {
		log.Fatal(err)
	}
	// Output:
	// alice says hello
	// services: [greeting]
}

// datagram is a UDP datagram in an IPv4 packet, without a checksum of its own.
func datagram(src, dst, payload string) []byte {
	b := make([]byte, 28, 28+len(payload))
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
	copy(b[12:], netip.MustParseAddr(src).AsSlice())
	copy(b[16:], netip.MustParseAddr(dst).AsSlice())
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum>>16+sum&0xffff))
	binary.BigEndian.PutUint16(b[20:], 40_000)
	binary.BigEndian.PutUint16(b[22:], 4000)
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload)))
	return append(b, payload...)
}
