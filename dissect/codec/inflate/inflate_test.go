package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"
)

func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	words := []string{"window", "the ", "a", "length\n", "\x00\x01", "of distance ", "zzzzzzzzzzzzzzzzzzzz"}
	var b []byte
	for len(b) < n {
		if r.IntN(10) == 0 {
			b = append(b, byte(r.Uint32()))
		} else {
			b = append(b, words[r.IntN(len(words))]...)
		}
	}
	return b[:n]
}

// compressed returns data in every format and at several levels.
func compressed(t testing.TB, data []byte) map[string][]byte {
	out := map[string][]byte{}
	for name, level := range map[string]int{"stored": 0, "fast": 1, "best": 9, "huffman": flate.HuffmanOnly} {
		for format, open := range map[string]func(io.Writer) (io.WriteCloser, error){
			"gzip ": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, level) },
			"zlib ": func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, level) },
			"raw ":  func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, level) },
		} {
			var b bytes.Buffer
			w, err := open(&b)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			out[format+name] = b.Bytes()
		}
	}
	return out
}

// pieces decodes b in pieces of n bytes.
func pieces(d *Decoder, b []byte, n int) (out []byte, err error) {
	d.Reset()
	for len(b) > 0 && err == nil {
		k := min(n, len(b))
		err = d.Write(b[:k], func(p []byte) { out = append(out, p...) })
		b = b[k:]
	}
	return out, err
}

func TestDecode(t *testing.T) {
	var d Decoder
	for _, size := range []int{0, 1, 5, 4095, 4096, 4097, 40000, 200000} {
		data := text(size)
		for name, b := range compressed(t, data) {
			for _, n := range []int{1, 7, 1460, len(b)} {
				got, err := pieces(&d, b, n)
				if err != nil || !bytes.Equal(got, data) || !d.Done() {
					t.Fatalf("%s, %d bytes in pieces of %d: %d bytes, %v, done %v", name, size, n, len(got), err, d.Done())
				}
			}
		}
	}
}

func TestEager(t *testing.T) {
	data := text(20000)
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Flush()
	var d Decoder
	got, err := pieces(&d, b.Bytes(), 100)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes before the end of the stream, %v", len(got), len(data), err)
	}
}

func TestDamaged(t *testing.T) {
	b := compressed(t, text(5000))["gzip best"]
	bad := bytes.Clone(b)
	bad[len(bad)-8] ^= 1
	var d Decoder
	for name, b := range map[string][]byte{
		"checksum": bad,
		"method":   {0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0},
		"block":    {0x78, 0x9c, 0xff},
		"stored":   {0x78, 0x9c, 1, 5, 0, 5, 0},
		"distance": {0x78, 0x9c, 0x03 | 0<<3, 0x42, 0, 0xff, 0xff, 0xff},
	} {
		if _, err := pieces(&d, b, len(b)); err != errData {
			t.Errorf("%s: error %v", name, err)
		}
		if err := d.Write(b, nil); err != nil {
			t.Errorf("%s: goes on after the error", name)
		}
	}
}

func TestAllocs(t *testing.T) {
	b := compressed(t, text(100000))["gzip best"]
	var d Decoder
	if n := testing.AllocsPerRun(10, func() {
		d.Reset()
		_ = d.Write(b, func([]byte) {})
	}); n != 0 {
		t.Errorf("%v allocations a stream", n)
	}
}

// FuzzDecode compares with compress/flate, and pieces with the whole.
func FuzzDecode(f *testing.F) {
	for _, b := range compressed(f, text(600)) {
		f.Add(b, uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		var d Decoder
		whole, err := pieces(&d, b, len(b)+1)
		if len(whole) > len(b)*1100+1100 {
			t.Fatalf("%d bytes out of %d", len(whole), len(b))
		}
		done := d.Done()
		if parts, err2 := pieces(&d, b, int(n)+1); err2 != err || err == nil && (!bytes.Equal(parts, whole) || d.Done() != done) {
			t.Fatalf("in pieces: %d bytes, %v; whole: %d bytes, %v", len(parts), err2, len(whole), err)
		}
		if err != nil || len(b) < 2 {
			return
		}
		want, err := io.ReadAll(flate.NewReader(bytes.NewReader(b)))
		if err != nil && err != io.ErrUnexpectedEOF || b[0] == 0x1f && b[1] == 0x8b || b[0]&0xf == 8 {
			return
		}
		if !bytes.HasPrefix(whole, want) {
			t.Fatalf("%x, compress/flate has %x", whole, want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := text(1 << 20)
	z := compressed(b, data)["gzip best"]
	var d Decoder
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		d.Reset()
		_ = d.Write(z, func([]byte) {})
	}
}
