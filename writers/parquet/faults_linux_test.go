package parquet

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// small returns settings with row groups of a few thousand rows.
func small(root string) Settings {
	s := Default(root)
	s.RowGroup = 512 << 10
	return s
}

// tiny returns settings with row groups of some hundred rows.
func tiny(root string) Settings {
	s := Default(root)
	s.RowGroup = 400 << 10
	return s
}

// reports collects errors.
func reports(t testing.TB) (writers.Env, *[]error) {
	list := new([]error)
	return testEnv(t, func(err error) { *list = append(*list, err) }), list
}

// total returns the number of rows in the tree, whose files must all be readable.
func total(t testing.TB, root string) (n int) {
	t.Helper()
	for _, rows := range files(t, root) {
		n += len(rows)
	}
	return n
}

// The disk is full: one error is reported, rows that do not fit are counted, written
// rows are intact, and writing continues when there is room again.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2097152"); err != nil {
		t.Skip("mounting a small disk: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1800<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	env, errs := reports(t)
	p, s, counts := open(t, small(filepath.Join(dir, "lake")), schemas.ConnSchema.With(0), env)
	rows := connRows(100000)
	for i := 0; i < 80000; i += 500 {
		s.Write(rows[i : i+500])
	}
	if len(*errs) != 1 || !errors.Is((*errs)[0], syscall.ENOSPC) || !strings.Contains((*errs)[0].Error(), dir) {
		t.Errorf("reports %v", *errs)
	}
	lost := counts.Stats().Dropped[writers.DropWrite]
	if lost == 0 {
		t.Error("no row was counted as lost")
	}
	if p.used > p.settings.Memory {
		t.Errorf("%d bytes are in use", p.used)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.Tick(time.Now()) // the pending segment is written
	for i := 80000; i < 90000; i += 500 {
		s.Write(rows[i : i+500])
	}
	closed(t, p, s)
	st := counts.Stats()
	if n := total(t, p.settings.Root); uint64(n) != st.Written || st.Written+st.Lost() != 90000 || st.Dropped[writers.DropWrite] != lost {
		t.Errorf("%d rows in files, %+v, lost %d before there was room", n, st, lost)
	}
	if len(*errs) != 1 {
		t.Errorf("reports %v", *errs)
	}
}

// The folder is removed: the rows of the open file are lost and counted, later rows go
// to a new folder.
func TestFolderRemoved(t *testing.T) {
	root := filepath.Join(t.TempDir(), "lake")
	env, errs := reports(t)
	p, s, counts := open(t, small(root), schemas.ConnSchema.With(0), env)
	rows := connRows(60000)
	for i := 0; i < 30000; i += 500 {
		s.Write(rows[i : i+500])
	}
	before := counts.Stats().Written
	if before == 0 {
		t.Fatal("no row group was written")
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	for i := 30000; i < 60000; i += 500 {
		s.Write(rows[i : i+500])
	}
	closed(t, p, s)
	st := counts.Stats()
	if st.Dropped[writers.DropRemoved] != before || st.Written != 60000-before || total(t, root) != int(st.Written) {
		t.Errorf("%d in files, %+v", total(t, root), st)
	}
	if len(*errs) != 1 || !errors.Is((*errs)[0], errRemoved) {
		t.Errorf("reports %v", *errs)
	}
}

// The folder cannot be created: all rows are counted, memory is bounded, one error is
// reported.
func TestUnwritable(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	env, errs := reports(t)
	p, s, counts := open(t, small(filepath.Join(blocked, "lake")), schemas.ConnSchema.With(0), env)
	rows := connRows(40000)
	for i := 0; i < len(rows); i += 500 {
		s.Write(rows[i : i+500])
	}
	closed(t, p, s)
	if st := counts.Stats(); st.Written != 0 || st.Dropped[writers.DropOpen] != uint64(len(rows)) {
		t.Errorf("%+v", st)
	}
	if len(*errs) != 1 || !errors.Is((*errs)[0], syscall.ENOTDIR) {
		t.Errorf("reports %v", *errs)
	}
	if err := New(Default(blocked)).Start(env); err == nil {
		t.Error("a file was taken for the root")
	}
}

// The run is killed at any moment: none of its files is visible, and the next run
// finishes complete row groups and removes the rest.
func TestKilled(t *testing.T) {
	root := t.TempDir()
	_, s, counts := open(t, tiny(root), schemas.ConnSchema.With(0), testEnv(t, nil))
	rows := connRows(8000)
	for i := 0; i < len(rows); i += 500 {
		s.Write(rows[i : i+500])
	}
	list, err := os.ReadDir(filepath.Join(root, openDir))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if seen, _ := filepath.Glob(filepath.Join(root, "conn", "*", "*", "*")); seen != nil {
		t.Errorf("%v can be seen", seen)
	}
	whole, err := os.ReadFile(filepath.Join(root, openDir, list[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	// Another process has the file open: it is left alone.
	var notices []string
	env := testEnv(t, nil)
	env.Notice = func(n string) { notices = append(notices, n) }
	if err := New(tiny(root)).Start(env); err != nil || notices != nil {
		t.Errorf("%v, notices %q", err, notices)
	}
	runtime.KeepAlive(s) // it holds the lock
	all := counts.Stats().Written
	last := -1
	for cut := 0; cut <= len(whole); cut += 1 + len(whole)/16 {
		if cut+len(whole)/16 > len(whole) {
			cut = len(whole)
		}
		root := t.TempDir()
		if err := os.Mkdir(filepath.Join(root, openDir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, openDir, list[0].Name()), whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		notices = nil
		p := New(tiny(root))
		if err := p.Start(env); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		n := total(t, root)
		if n < last || len(notices) != 1 {
			t.Errorf("cut at %d: %d rows after %d, notices %q", cut, n, last, notices)
		}
		if want := fmt.Sprintf("with %d rows", n); n > 0 && !strings.Contains(notices[0], want) {
			t.Errorf("notice %q, want %s", notices[0], want)
		}
		last = n
	}
	if last != int(all) || all == 0 {
		t.Errorf("%d of %d rows were recovered", last, all)
	}
}

// A file ends by age without a new row.
func TestAge(t *testing.T) {
	settings := Default(t.TempDir())
	settings.FileAge = 10 * time.Minute
	p, s, _ := open(t, settings, schemas.ConnSchema.With(0), testEnv(t, nil))
	s.Write(connRows(10))
	start := time.Now()
	for _, age := range []time.Duration{0, 5 * time.Minute, 599 * time.Second} {
		s.Tick(start.Add(age))
		if n := total(t, settings.Root); n != 0 {
			t.Errorf("%v: %d rows", age, n)
		}
	}
	s.Tick(start.Add(600 * time.Second))
	if n := total(t, settings.Root); n != 10 {
		t.Errorf("%d rows after the age", n)
	}
	s.Tick(start.Add(2000 * time.Second))
	closed(t, p, s)
	if n := len(files(t, settings.Root)); n != 1 {
		t.Errorf("%d files", n)
	}
}

// By event time, a row belongs to the hour of its ts; by write time, to that of its key.
func TestPartition(t *testing.T) {
	for _, by := range []Partition{byWriteTime, byEventTime} {
		settings := Default(t.TempDir())
		settings.Partition = by
		p, s, _ := open(t, settings, schemas.ConnSchema.With(0), testEnv(t, nil))
		var rows []writers.Row
		for i := range 48 {
			began := noon.Add(-time.Duration(i%12) * time.Hour)
			rows = append(rows, rowOf(&schemas.Conn{TS: value.Time(began.UnixNano())}, noon.Add(time.Duration(i/24)*time.Hour)))
		}
		s.Write(rows)
		closed(t, p, s)
		n, folders := 0, map[string]bool{}
		for name, rows := range files(t, settings.Root) {
			dir := filepath.Dir(name)
			folders[dir] = true
			for _, r := range rows {
				n++
				ts, err := time.Parse(time.RFC3339Nano, r["ts"].(string))
				if err != nil {
					t.Fatal(err)
				}
				if by == byEventTime && dir != ts.Format("conn/date=2006-01-02/hour=15") {
					t.Errorf("%s has a row of %v", name, ts)
				}
			}
		}
		want := 2
		if by == byEventTime {
			want = 12
		}
		if n != 48 || len(folders) != want {
			t.Errorf("%s: %d rows, folders %v", by, n, folders)
		}
	}
}
