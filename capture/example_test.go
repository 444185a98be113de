package capture_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/google/gopacket/pcapgo"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/pipeline"
)

// A capture is read by gopacket's own reader. A handle of its pcap package takes
// the same place, with a Retry for the timeouts of live capture.
func ExampleFromGopacket() {
	f, err := os.Open("../testdata/tiny.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}

	o := pipeline.Defaults()
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.FromGopacket(r, capture.GopacketOptions{BatcherOptions: b, Link: uint16(r.LinkType())})
	}
	o.Logs, o.OutputPath, o.Format = []string{"conn"}, os.DevNull, pipeline.FormatJSON
	s, err := pipeline.Run(context.Background(), o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Packets, "packets,", s.Connections, "connections")
	// Output: 32 packets, 6 connections
}

// Packets of the caller's own are any iterator.
func ExampleFromPackets() {
	syn := []byte{
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0x66, 0xcd, 10, 0, 0, 1, 10, 0, 0, 2, // IPv4
		0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0xff, 0xff, 0, 0, // TCP
	}
	o := pipeline.Defaults()
	o.Dissect.Packet.IgnoreChecksums = true
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.FromPackets(func(yield func(capture.Packet) bool) {
			for i := range 3 {
				syn[21]++ // the next port
				p := capture.Packet{Data: syn, Time: 1_700_000_000e9 + int64(i)*1e6, Link: 101}
				if !yield(p) {
					return
				}
			}
		}, b)
	}
	o.Logs, o.OutputPath, o.Format = []string{"conn"}, os.DevNull, pipeline.FormatJSON
	s, err := pipeline.Run(context.Background(), o)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Packets, "packets,", s.Connections, "connections")
	// Output: 3 packets, 3 connections
}
