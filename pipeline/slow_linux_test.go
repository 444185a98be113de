package pipeline

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// counted counts the bytes read.
type counted struct {
	r io.Reader
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// TestSlowOutput is case 28 for a slow place: the reader of the rows takes them in small
// pieces, reading the capture waits for it, and nothing is dropped.
func TestSlowOutput(t *testing.T) {
	const (
		flows = 100_000
		ahead = 8 << 20 // bytes of rows that may be in batches, buffers and the pipe
	)
	w := newPcap(packet.LinkRaw)
	for i := range flows {
		// An answer without a question is logged at once, with its packet.
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1024)
		name := "\x3f" + strings.Repeat("x", 63) + "\x3f" + strings.Repeat("y", 63) + "\x00"
		w.add(start+int64(i)*10_000, testconn.UDP(src, netip.AddrPortFrom(server.Addr(), 53),
			[]byte("\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"+name+"\x00\x01\x00\x01")))
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	in := &counted{r: bytes.NewReader(w.b)}
	var rows, most int64
	read := make(chan error, 1)
	go func() {
		f, err := os.Open(fifo)
		if err != nil {
			read <- err
			return
		}
		defer f.Close()
		buf := make([]byte, 4096)
		for {
			// A row has fewer bytes in the capture than in the log.
			most = max(most, in.n.Load()-rows*int64(len(w.b)/flows))
			n, err := f.Read(buf)
			rows += int64(bytes.Count(buf[:n], []byte("\n")))
			if err != nil {
				if err == io.EOF {
					err = nil
				}
				read <- err
				return
			}
		}
	}()
	out := runBytes(t, nil, func(o *Options) {
		o.Stdin, o.EventsFile = in, ""
		o.Logs, o.Format, o.OutputPath = []string{"dns"}, FormatJSON, fifo
	})
	if err := <-read; err != nil || out.err != nil {
		t.Fatal(err, out.err)
	}
	if rows != flows || out.summary.Lost() {
		t.Errorf("%d rows of %d, %+v", rows, flows, out.summary.Dropped)
	}
	if most > ahead {
		t.Errorf("%d bytes of the capture had been read before their rows were", most)
	}
}
