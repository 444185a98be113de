package writers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// smallDisk mounts a file system of that size. It skips the test if that is not allowed.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", size)); err != nil {
		t.Skip("mounting a small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}

// rowsBetween emits n rows, one per second from clock on, and merges after every
// hundred.
func rowsBetween(m *writers.Merger, c *writers.Collector, clock string, n int) {
	for i := range n {
		when := at(clock).Add(time.Duration(i) * time.Second).UnixNano()
		c.SetCause(when, writers.ClassPacket, uint64(i+1))
		c.Emit(&schemas.Weird{TS: value.Time(when), Name: strings.Repeat("x", 1000)})
		if i%100 == 99 {
			m.Merge(c.Flush())
			m.Flush()
		}
	}
	m.Merge(c.Flush())
	m.Flush()
}

// The disk is full: written rows stay intact, further rows wait, and one error is
// reported. When there is room again, the rows are written and the files finished.
func TestRotationOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	cfg := rotating(dir, writers.Rotation{Interval: time.Hour, Compress: "gzip"})
	var reports []error
	cfg.Report = func(err error) { reports = append(reports, err) }
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 700<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	m := newMerger(t, cfg)
	c := m.Collector()
	rowsBetween(m, c, "14:00:00", 200)
	rowsBetween(m, c, "14:30:00", 600) // more than fits
	if len(reports) == 0 || !errors.Is(reports[0], syscall.ENOSPC) {
		t.Errorf("reports %v", reports)
	}
	before := len(reports)
	rowsBetween(m, c, "14:50:00", 100)
	if len(reports) != before {
		t.Errorf("a disk that stays full was reported again: %v", reports[before:])
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	rowsBetween(m, c, "15:10:00", 50)
	if err := m.Close(); err != nil {
		t.Errorf("Close after there is room again: %v", err)
	}
	s := conserve(t, m).Streams[0]
	if s.Written != 950 || s.Lost() != 0 {
		t.Errorf("%+v", s)
	}
	rows := 0
	for name, names := range tree(t, dir) {
		if !strings.HasSuffix(name, ".log.gz") {
			t.Errorf("%s is left", name)
		}
		rows += len(strings.Fields(names))
	}
	if rows != 950 {
		t.Errorf("%d rows in the files", rows)
	}
}

// The disk is full when a file is to be compressed: it gets its name uncompressed.
func TestNoRoomToCompress(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	cfg := rotating(dir, writers.Rotation{Interval: time.Hour, Compress: "zstd"})
	var reports []error
	cfg.Report = func(err error) { reports = append(reports, err) }
	m := newMerger(t, cfg)
	rowsBetween(m, m.Collector(), "14:00:00", 100)
	// Take all remaining room, to the last block.
	f, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	f.Close()
	if err := m.Close(); err != nil {
		t.Logf("Close: %v", err) // the footer may not fit
	}
	s := conserve(t, m).Streams[0]
	if s.Written != 100 || len(s.Marks) != 1 || s.Marks[0].Name != "files not compressed" || !s.Marks[0].Bad || len(reports) == 0 {
		t.Errorf("%+v, reports %v", s, reports)
	}
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	log := readFile(t, filepath.Join(dir, "weird.2026-01-16-14-00-00.log"))
	if n := strings.Count(log, "\txxxx"); n != 100 {
		t.Errorf("%d rows in the file", n)
	}
}

// The folder is removed while a file is written: its rows are lost and counted, later
// rows go to a new folder.
func TestRotationInARemovedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	cfg := rotating(dir, writers.Rotation{Interval: time.Hour})
	var reports []error
	cfg.Report = func(err error) { reports = append(reports, err) }
	m := newMerger(t, cfg)
	c := m.Collector()
	rowsBetween(m, c, "14:00:00", 100)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	rowsBetween(m, c, "14:30:00", 60)
	rowsBetween(m, c, "15:00:00", 40)
	if err := m.Close(); !errors.Is(err, writers.ErrIncomplete) {
		t.Errorf("Close: %v", err)
	}
	s := conserve(t, m).Streams[0]
	if s.Written != 100 || s.Dropped[writers.DropRemoved] != 100 || len(reports) != 1 {
		t.Errorf("%+v, reports %v", s, reports)
	}
	got := tree(t, dir)
	if len(strings.Fields(got["weird.2026-01-16-14-00-00.log"])) != 60 || len(strings.Fields(got["weird.2026-01-16-15-00-00.log"])) != 40 || len(got) != 2 {
		t.Errorf("files %v", len(got))
	}
}

// The folder cannot be created: all rows are counted as lost, and memory is bounded.
func TestRotationInAnUnwritableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := rotating(filepath.Join(file, "logs"), writers.Rotation{Interval: time.Hour})
	var reports []error
	cfg.Report = func(err error) { reports = append(reports, err) }
	m := newMerger(t, cfg)
	rowsBetween(m, m.Collector(), "14:00:00", 6000)
	if err := m.Close(); err == nil {
		t.Error("Close: no error")
	}
	if s := conserve(t, m).Streams[0]; s.Written != 0 || s.Dropped[writers.DropOpen] != 6000 {
		t.Errorf("%+v", s)
	}
	if reports == nil || len(reports) > 3 {
		t.Errorf("%d reports: %v", len(reports), reports)
	}
}

// A slow finisher stops the rows instead of letting files pile up.
func TestSlowCommandHoldsRowsBack(t *testing.T) {
	dir := t.TempDir()
	m := newMerger(t, rotating(dir, writers.Rotation{Size: 1, Names: "{log}-{open:%H%M%S}", Command: []string{"/bin/sh", "-c", "sleep 0.05"}}))
	start := time.Now()
	c := m.Collector()
	for i := range 20 {
		c.SetCause(at("14:00:00").Add(time.Duration(i)*time.Second).UnixNano(), writers.ClassPacket, uint64(i))
		c.Emit(&schemas.Weird{Name: "w"})
	}
	m.Merge(c.Flush())
	// Of the 19 ended files, one is being finished and a few may wait.
	if d := time.Since(start); d < 12*50*time.Millisecond {
		t.Errorf("the rows were taken after %v", d)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(tree(t, dir)); n != 20 {
		t.Errorf("%d files", n)
	}
}
