package arrow

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
)

// A path that is not a regular file gets a stream that can be read while it is written.
func TestPipe(t *testing.T) {
	settings := Default("")
	settings.Path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(settings.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte)
	go func() {
		b, _ := os.ReadFile(settings.Path)
		got <- b
	}()
	s, _ := open(t, settings, schemas.ConnSchema.With(0), env(t, nil))
	s.Write(rowsOf(testlog.Conn()))
	s.Flush()
	s.Write(rowsOf(testlog.Conn()))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if rows, _ := read(t, <-got); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
}

// The disk is full: one error is reported, rows wait and are then counted as lost, and
// the file continues when there is room again.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2097152"); err != nil {
		t.Skip("mounting a small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1900<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	var errs []error
	settings := Default(filepath.Join(dir, "logs"))
	settings.Batch = 50000
	s, counts := open(t, settings, schemas.WeirdSchema.With(0), env(t, &errs))
	many(t, s, 0, 500)
	if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) {
		t.Errorf("reports %v", errs)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.Tick(time.Now())
	many(t, s, 500, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(settings.Dir, "weird.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	if rows, _ := read(t, b); len(rows) != 600 || counts.Stats().Written != 600 {
		t.Errorf("%d rows, %+v", len(rows), counts.Stats())
	}
}
