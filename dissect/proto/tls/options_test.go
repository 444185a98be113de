package tls

import (
	stdtls "crypto/tls"
	"slices"
	"strings"
	"testing"
)

// TestDetach sends application data after a handshake and counts the records that events
// report, and the time of the end of the analysis.
func TestDetach(t *testing.T) {
	for _, version := range []uint16{stdtls.VersionTLS12, stdtls.VersionTLS13} {
		dialogue := handshake(t, func(c, s *stdtls.Config) { c.MaxVersion = version })
		for range 5 {
			dialogue = append(dialogue, said{true, record(typeApplicationData, versionTLS12, zeros(3000))},
				said{false, record(typeApplicationData, versionTLS12, zeros(99))})
		}
		for _, detach := range []bool{DefaultOptions().Detach, false} {
			o := DefaultOptions()
			o.Detach = detach
			b := newBenchWith(t, o)
			b.play(dialogue, nil)
			if n := len(b.find("ssl_established")); n != 1 {
				t.Errorf("version %#x, detached %t: %d times established", version, detach, n)
			}
			data := b.find("ssl_encrypted_data")
			n := 0
			for _, e := range data {
				if strings.Contains(e, `"length":3000`) || strings.Contains(e, `"length":99,`) || strings.Contains(e, `"length":99}`) {
					n++
				}
			}
			if want := map[bool]int{true: 0, false: 10}[detach]; n != want {
				t.Errorf("version %#x, detached %t: %d events of the last records, want %d: %q", version, detach, n, want, data)
			}
			if i := slices.IndexFunc(b.lines, func(l string) bool { return strings.HasPrefix(l, "analyzer_violation") }); i >= 0 {
				t.Error(b.lines[i])
			}
		}
	}
}

// TestDetachDatagrams does the same with DTLS.
func TestDetachDatagrams(t *testing.T) {
	ccs := dtlsRecord(typeChangeCipherSpec, versionDTLS12, 0, 1, 1)
	datagrams := [][]byte{
		cat(dtlsRecord(typeHandshake, versionDTLS12, 0, 0, fragment(msgClientHello, len(dtlsHello()), 0, 0, dtlsHello())), ccs), ccs,
	}
	sides := []bool{true, false}
	for i := range 6 {
		datagrams = append(datagrams, dtlsRecord(typeApplicationData, versionDTLS12, 1, i, zeros(50)))
		sides = append(sides, i%2 == 0)
	}
	// The handshake is complete with the first of them.
	for detach, want := range map[bool]int{true: 1, false: 6} {
		o := DefaultOptions()
		o.Detach = detach
		b := newBenchWith(t, o)
		b.exchange(datagrams, sides...)
		if n := len(b.find("ssl_encrypted_data")); n != want {
			t.Errorf("detached %t: %d events, want %d", detach, n, want)
		}
	}
}
