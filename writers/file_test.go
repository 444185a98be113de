package writers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A sick handle writes as much as room allows, and then fails.
type sick struct {
	handle
	room       *int
	noTruncate bool
}

func (s *sick) Write(p []byte) (int, error) {
	if len(p) <= *s.room {
		*s.room -= len(p)
		return s.handle.Write(p)
	}
	n, err := s.handle.Write(p[:*s.room])
	*s.room -= n
	return n, errors.Join(err, fmt.Errorf("sick: %w", syscall.ENOSPC))
}

func (s *sick) Truncate(size int64) error {
	if s.noTruncate {
		return syscall.EINVAL
	}
	return s.handle.Truncate(size)
}

func newFile(t *testing.T, reports *[]error) *file {
	return &file{
		path:   filepath.Join(t.TempDir(), "x.log"),
		now:    time.Now,
		header: func(b []byte, _ time.Time) []byte { return append(b, "#open\n"...) },
		footer: func(b []byte, _ time.Time) []byte { return append(b, "#close\n"...) },
		alarm:  NewAlarm("x", func(err error) { *reports = append(*reports, err) }, func(string) {}),
	}
}

func rows(from, n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, "row %d %s\n", from+i, strings.Repeat("x", 100))
	}
	return b
}

func checkRows(t *testing.T, f *file, built uint64) {
	t.Helper()
	sum := f.written
	for _, n := range f.dropped {
		sum += n
	}
	if sum != built {
		t.Errorf("built %d, written %d, dropped %v", built, f.written, f.dropped)
	}
	data, err := os.ReadFile(f.path)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	last := -1
	for line := range bytes.Lines(data) {
		var n int
		var x string
		if k, _ := fmt.Sscanf(string(line), "row %d %s\n", &n, &x); k == 2 && len(x) == 100 {
			whole++
			if n <= last {
				t.Errorf("row %d comes after row %d", n, last)
			}
			last = n
		}
	}
	if uint64(whole) != f.written {
		t.Errorf("%d rows counted as written, %d are in the file", f.written, whole)
	}
}

func TestDiskFullAndRoomAgain(t *testing.T) {
	for _, noTruncate := range []bool{false, true} {
		for _, extra := range []int{0, 1, 57, 10_000, 300_000} {
			var reports []error
			f := newFile(t, &reports)
			f.write(rows(0, 1000), 1000)
			f.flush()
			room := extra
			f.f = &sick{f.f, &room, noTruncate}
			built := 1000
			// Write more than may wait, in small and large pieces.
			for i := range 60 {
				n := 1000
				if i%7 == 0 {
					n = 5000
				}
				f.write(rows(built, n), uint64(n))
				built += n
			}
			if len(f.buf) > maxPending {
				t.Errorf("%d bytes are waiting", len(f.buf))
			}
			if len(reports) != 1 || !errors.Is(reports[0], syscall.ENOSPC) {
				t.Errorf("reported %v", reports)
			}
			room = 1 << 40
			f.write(rows(built, 10), 10)
			built += 10
			f.flush()
			if err := f.close(); err != nil {
				t.Error(err)
			}
			checkRows(t, f, uint64(built))
			if f.dropped[DropWrite] == 0 || f.written <= 1000 {
				t.Errorf("written %d, dropped %v", f.written, f.dropped)
			}
		}
	}
}

func TestDiskFullToTheEnd(t *testing.T) {
	var reports []error
	f := newFile(t, &reports)
	f.write(rows(0, 10), 10)
	room := 2 * len(rows(0, 3))
	f.f = &sick{f.f, &room, false}
	if err := f.close(); err == nil {
		t.Error("no error")
	}
	checkRows(t, f, 10)
	if f.written != 6 || f.dropped[DropWrite] != 4 {
		t.Errorf("written %d, dropped %v", f.written, f.dropped)
	}
}

func TestFolderRemoved(t *testing.T) {
	var reports []error
	f := newFile(t, &reports)
	dir := filepath.Join(filepath.Dir(f.path), "logs")
	f.dir, f.name, f.path = dir, "x.log", filepath.Join(dir, "x.log")
	f.write(rows(0, 10), 10)
	f.flush()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	f.write(rows(10, 10), 10)
	f.flush()
	if len(reports) != 1 || !errors.Is(reports[0], errRemoved) || !strings.Contains(reports[0].Error(), f.path) {
		t.Errorf("reported %v", reports)
	}
	f.write(rows(20, 5), 5)
	if err := f.close(); err != nil {
		t.Error(err)
	}
	checkRows(t, f, 25)
	if f.written != 15 || f.dropped[DropRemoved] != 10 {
		t.Errorf("written %d, dropped %v", f.written, f.dropped)
	}
	data, err := os.ReadFile(f.path)
	if err != nil || !bytes.HasPrefix(data, []byte("#open\nrow 10 ")) || !bytes.HasSuffix(data, []byte("x\n#close\n")) {
		t.Errorf("%.40q, %v", data, err)
	}
}

func TestFolderComesLate(t *testing.T) {
	var reports []error
	f := newFile(t, &reports)
	blocked := filepath.Join(filepath.Dir(f.path), "logs")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f.dir, f.name, f.path = blocked, "x.log", filepath.Join(blocked, "x.log")
	f.write(rows(0, 10), 10)
	if len(reports) != 1 || !strings.Contains(reports[0].Error(), f.path) {
		t.Errorf("reported %v", reports)
	}
	f.flush()
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
	checkRows(t, f, 10)
	if f.written != 10 {
		t.Errorf("written %d, dropped %v", f.written, f.dropped)
	}
}

func TestDevFull(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	var reports []error
	m, err := New(Config{
		Lines:  []Lines{{Name: "events", Path: full}},
		Report: func(err error) { reports = append(reports, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := m.Collector()
	for range 100 {
		c.CloseLine(0, append(c.OpenLine(0), "line"...))
	}
	m.Merge(c.Flush())
	if err := m.Close(); !errors.Is(err, ErrIncomplete) {
		t.Errorf("got error %v", err)
	}
	if len(reports) != 1 || !errors.Is(reports[0], syscall.ENOSPC) || !strings.Contains(reports[0].Error(), full) {
		t.Errorf("got reports %v", reports)
	}
	if s := m.Stats().Streams[0]; s.Built != 100 || s.Dropped[DropWrite] != 100 {
		t.Errorf("got %+v", s)
	}
}

func TestGateMemoryIsBounded(t *testing.T) {
	var m memory[struct{}]
	for i := range maxGateKeys + 5000 {
		if !m.first(fmt.Appendf(nil, "key %d", i), int64(i), 1<<40) {
			t.Fatalf("key %d is not new", i)
		}
	}
	if len(m.keys) != maxGateKeys || len(m.queue) > 2*maxGateKeys+1024 {
		t.Errorf("%d keys, queue of %d", len(m.keys), len(m.queue))
	}
	if m.first([]byte("key 6000"), maxGateKeys, 1<<40) {
		t.Error("a remembered key is taken for new")
	}
	if !m.first([]byte("key 0"), maxGateKeys, 1<<40) {
		t.Error("the oldest key was not forgotten")
	}
	m.expire(1<<41, 1<<40)
	if len(m.keys) != 0 || len(m.queue) != 0 {
		t.Errorf("%d keys, queue of %d after all have expired", len(m.keys), len(m.queue))
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]bool{
		"conn.log": true, "smb_files.log": true, "a-b.log": true,
		"": false, ".log": false, "../x": false, "a/b": false, "a\\b": false, "a b": false, "a\x00": false, "-x": false, "..": false,
	} {
		if got := plainName(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}

func TestKeyCompare(t *testing.T) {
	ordered := []Key{
		{Time: 1, Class: ClassTimer, Num: 9, Seq: 9},
		{Time: 1, Class: ClassPacket, Num: 1, Seq: 1},
		{Time: 1, Class: ClassPacket, Num: 1, Seq: 2},
		{Time: 1, Class: ClassPacket, Num: 2},
		{Time: 1, Class: ClassEnd},
		{Time: 2, Class: ClassTimer},
	}
	for i := range ordered {
		for j := range ordered {
			got := ordered[i].Compare(&ordered[j])
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compare %v with %v: %d", ordered[i], ordered[j], got)
			}
		}
	}
}
