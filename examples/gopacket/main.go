// Command gopacket reads a pcap file with gopacket's own reader and writes its logs to
// standard output. A live handle of gopacket's pcap or afpacket takes the same place.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/google/gopacket/pcapgo"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/pipeline"
)

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	s, err := run(f, "-")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, s.Packets, "packets,", s.Connections, "connections")
}

// run writes the conn.log of a capture to a file.
func run(pcap io.Reader, path string) (pipeline.Summary, error) {
	r, err := pcapgo.NewReader(pcap)
	if err != nil {
		return pipeline.Summary{}, err
	}
	o := pipeline.Defaults()
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return capture.FromGopacketZeroCopy(r, capture.GopacketOptions{BatcherOptions: b, Link: uint16(r.LinkType())})
	}
	o.Logs, o.OutputPath, o.Seed = []string{"conn"}, path, "example"
	return pipeline.Run(context.Background(), o)
}
