package capture

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slow is an input of which a piece comes each time that its reader has waited.
type slow struct {
	pieces chan []byte
	rest   []byte
	// asked, unless nil, is told each time that a piece is wanted: the one before has been
	// handed on by then.
	asked chan struct{}
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.asked != nil {
			s.asked <- struct{}{}
		}
		var ok bool
		if s.rest, ok = <-s.pieces; !ok {
			return 0, io.EOF
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// fakeTime is a wall clock that stands still but for waiting.
type fakeTime struct {
	now   time.Time
	waits int
	fired chan time.Time
	// onWait is called before each wait, and reports whether it is to be in vain.
	onWait func() bool
	// part is whether a piece may be too small for the reader to get anything of it.
	part bool
}

func (f *fakeTime) install(w *waiting) {
	f.fired = make(chan time.Time)
	close(f.fired)
	w.now = func() time.Time { return f.now }
	w.after = func(d time.Duration) <-chan time.Time {
		f.waits++
		if !f.onWait() {
			// What has been sent is on its way, however long that takes.
			if !f.part {
				return nil
			}
			return time.After(5 * time.Millisecond)
		}
		f.now = f.now.Add(d)
		return f.fired
	}
}

// TestSlowPipe reads an old capture through a pipe that gives it a few bytes at a time, long
// apart: the packets and their clock are those of the file, jumps included.
func TestSlowPipe(t *testing.T) {
	for name, s := range samples() {
		if name == "pcap" {
			spec := plainPcap()
			day := uint32(86400)
			for i, at := range []uint32{10, 30 * day, 31 * day, 11, 90 * day, 12} {
				s.file = spec.packet(s.file, at, 0, strings.Repeat("j", i))
			}
		}
		want, plain := readBytes(t, s.file)
		for _, size := range []int{1, 7, 40, 1000} {
			var all []got
			in := &slow{pieces: make(chan []byte, 1)}
			r := open(t, Options{Stdin: in}, "-")
			left := slices.Collect(slices.Chunk(s.file, size))
			clock := &fakeTime{now: time.Unix(1e9, 0), part: true}
			vain := 0
			clock.onWait = func() bool {
				// Every piece is waited for three times in vain.
				if vain++; vain%4 != 0 {
					return true
				}
				if len(left) > 0 {
					in.pieces <- left[0]
					left = left[1:]
				} else if left != nil {
					close(in.pieces)
					left = nil
				}
				return false
			}
			clock.install(&r.waiting)
			idle := 0
			for {
				b, err := r.Next()
				if err != nil {
					break
				}
				if b.Idle {
					idle++
				}
				all = append(all, packetsOf(b)...)
				b.Release()
			}
			if !slices.Equal(all, want) || len(r.Damage()) != len(plain.Damage()) || idle == 0 {
				t.Errorf("%s in pieces of %d, after %d waits:\ngot  %v\nwant %v", name, size, idle, all, want)
			}
		}
	}
}

func packetsOf(b *Batch) (all []got) {
	for _, p := range b.Packets {
		all = append(all, got{string(p.Data), p.Time, p.Now, p.Num, p.OrigLen, p.Link})
	}
	return all
}

// TestLivePipe reads packets that are captured at the moment: they are handed out when no
// more come, and idle time moves the clock, with the lag that packets may have.
func TestLivePipe(t *testing.T) {
	const start = 1_700_000_000
	spec := plainPcap()
	for _, c := range []struct {
		name string
		sec  uint32
		live bool
	}{{"live", start, true}, {"lagging", start - 4, true}, {"old", start - 6, false}, {"ahead", start + 6, false}} {
		in := &slow{pieces: make(chan []byte, 1), asked: make(chan struct{}, 2)}
		r := open(t, Options{Stdin: in}, "-")
		clock := &fakeTime{now: time.Unix(start, 0)}
		waits := 0
		clock.onWait = func() bool {
			if waits++; waits > 1 {
				if waits == 2 {
					<-in.asked
					<-in.asked
				}
				return true
			}
			in.pieces <- spec.packet(spec.packet(spec.header(), c.sec, 0, "one"), c.sec, 0, "two")
			return false
		}
		clock.install(&r.waiting)
		b, err := r.Next()
		if err != nil || len(b.Packets) != 2 || !b.Idle {
			t.Fatalf("%s: %v, %v", c.name, b, err)
		}
		for range 300 {
			b, err = r.Next()
			if err != nil || len(b.Packets) > 0 {
				t.Fatalf("%s: %v, %v", c.name, b, err)
			}
			b.Release()
		}
		passed := time.Unix(0, b.Now).Sub(time.Unix(int64(c.sec), 0))
		if want := clock.now.Sub(time.Unix(int64(c.sec), 0)) - maxLag; c.live && passed != want || !c.live && passed != 0 {
			t.Errorf("%s: the clock has moved by %v", c.name, passed)
		}
		close(in.pieces)
		r.Close()
	}
}

// TestBatchAge reads packets of which one comes before each tenth of a second is over: they
// do not wait for the batch to be full.
func TestBatchAge(t *testing.T) {
	spec := plainPcap()
	in := &slow{pieces: make(chan []byte, 1)}
	r := open(t, Options{Stdin: in}, "-")
	clock := &fakeTime{now: time.Unix(1e9, 0)}
	n := 0
	clock.onWait = func() bool {
		clock.now = clock.now.Add(60 * time.Millisecond)
		b := spec.packet(nil, uint32(n), 0, "p")
		if n == 0 {
			b = append(spec.header(), b...)
		}
		n++
		in.pieces <- b
		return false
	}
	clock.install(&r.waiting)
	for range 5 {
		b, err := r.Next()
		if err != nil || len(b.Packets) == 0 || len(b.Packets) > 4 {
			t.Fatalf("%v, %v", b, err)
		}
		b.Release()
	}
	r.Close()
}

// TestNamedPipe waits for the writer of a named pipe without being stuck in it.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	r := open(t, Options{}, path)
	b, err := r.Next()
	if err != nil || len(b.Packets) > 0 || !b.Idle {
		t.Fatalf("%v, %v", b, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec := plainPcap()
	if _, err := f.Write(spec.packet(spec.header(), 1, 0, "p")); err != nil {
		t.Fatal(err)
	}
	for len(b.Packets) == 0 {
		b.Release()
		if b, err = r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	r.Close()
	f.Close()
}

func TestPipeError(t *testing.T) {
	broken := errors.New("broken")
	r := open(t, Options{Stdin: io.MultiReader(bytes.NewReader(plainPcap().header()), failing{broken})}, "-")
	readAll(t, r)
	if !errors.Is(r.err(), broken) {
		t.Error(r.err())
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
