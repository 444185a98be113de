package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

// TestTraces compares the packets read from the reference traces with those that
// gopacket's readers return.
func TestTraces(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "reference", "traces")
	if _, err := os.Stat(root); err != nil {
		t.Skip("no reference traces beside the project")
	}
	files, packets := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		r := open(t, Options{}, path)
		all := readAll(t, r)
		if err := r.err(); err != nil {
			t.Error(err)
		}
		r.Close()
		files++
		packets += len(all)
		if cut := compareWithPcapgo(t, path, all); cut != r.Stats().CutToSnaplen {
			t.Errorf("%s: %d packets are cut", path, cut)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d packets", files, packets)
}

// compareWithPcapgo returns the number of packets that are shorter than pcapgo's,
// which does not cut them to the snapshot length of the file as libpcap does.
func compareWithPcapgo(t *testing.T, path string, all []got) (cut uint64) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		in = bufio.NewReader(z)
	}
	var next interface {
		ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	}
	if head, _ := in.Peek(4); bytes.Equal(head, ngMagic[:]) {
		next, err = pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	} else {
		var classic *pcapgo.Reader
		if classic, err = pcapgo.NewReader(in); err == nil {
			classic.SetSnaplen(MaxPacket) // it would stop at a longer packet
			next = classic
		}
	}
	if err != nil {
		t.Logf("%s: pcapgo: %v", path, err)
		return 0
	}
	for i, p := range all {
		data, info, err := next.ReadPacketData()
		if err != nil {
			t.Logf("%s: pcapgo after %d packets: %v", path, i, err)
			return cut
		}
		if len(p.data) < len(data) {
			data = data[:len(p.data)]
			cut++
		}
		if string(data) != p.data || info.Length != int(p.orig) || info.Timestamp.UnixMicro() != p.time/1000 {
			t.Errorf("%s: packet %d differs from pcapgo's", path, i+1)
			return cut
		}
	}
	if _, _, err := next.ReadPacketData(); err != io.EOF {
		t.Errorf("%s: pcapgo has more than %d packets: %v", path, len(all), err)
	}
	return cut
}
