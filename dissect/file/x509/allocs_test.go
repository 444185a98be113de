//go:build !poison

package x509

import (
	"path/filepath"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/files"
)

// TestAllocs passes certificates that were seen before and are not parsed again.
func TestAllocs(t *testing.T) {
	h := new(event.Hooks)
	n := 0
	h.X509.Certificate.Listen(func(*event.X509Certificate) { n++ })
	h.X509.ExtSubjectAlternativeName.Listen(func(*event.X509ExtSubjectAlternativeName) { n++ })
	m := files.New(files.DefaultOptions(), h, clock{}, nil)
	Register(m, h, DefaultOptions())
	data := read(t, filepath.Join("testdata", "names.der"))
	from := &files.Carrier{Source: "SSL", MIME: mimeUser}
	handle := []byte("x")
	if allocs := testing.AllocsPerRun(100, func() {
		id := m.ID(nil, handle)
		m.Data(id, from, data)
		m.End(id)
	}); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	if n != 202 {
		t.Errorf("%d events", n)
	}
}
