package claims

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newSet(overwrite bool, notices *[]string) *Set {
	return New(Options{
		Reading: "a.pcap", Overwrite: overwrite, Perm: 0o640, DirPerm: 0o750, Now: time.Now,
		Notice: func(msg string) {
			if notices != nil {
				*notices = append(*notices, msg)
			}
		},
	})
}

// run claims the folder and writes files in it. A run that crashes does not close its set;
// its lock is gone all the same.
func run(t *testing.T, dir, name string, overwrite, crash bool, plain []string, files ...string) error {
	t.Helper()
	s := newSet(overwrite, nil)
	c, err := s.Take(dir, name, plain)
	if err != nil {
		s.Close()
		return err
	}
	if err := s.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		c.Add(f)
		path := filepath.Join(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if crash {
		c.out.Close()
		c.lock.Close()
		return nil
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return nil
}

func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == Dir {
			return filepath.SkipDir
		}
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func want(t *testing.T, dir string, names ...string) {
	t.Helper()
	if got := files(t, dir); !slices.Equal(got, names) {
		t.Errorf("files %q, want %q", got, names)
	}
}

func TestPlainNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "logs")
	plain := []string{"conn.log", "dns.log", "http.log"}
	if err := run(t, dir, Names, false, false, plain, "conn.log", "dns.log"); err != nil {
		t.Fatal(err)
	}
	var taken *TakenError
	err := run(t, dir, Names, false, false, plain, "http.log")
	if !errors.As(err, &taken) || !strings.Contains(err.Error(), "2 files conn.log, dns.log of a run that ended") || !strings.Contains(err.Error(), "--overwrite") {
		t.Errorf("%v", err)
	}
	want(t, dir, "conn.log", "dns.log")
	if err := run(t, dir, Names, true, false, plain, "http.log"); err != nil {
		t.Fatal(err)
	}
	want(t, dir, "http.log")
	// The files of a run may be moved away.
	if err := os.Remove(filepath.Join(dir, "http.log")); err != nil {
		t.Fatal(err)
	}
	if err := run(t, dir, Names, false, false, plain, "conn.log"); err != nil {
		t.Fatal(err)
	}
	// Files without a record count as well.
	if err := os.RemoveAll(filepath.Join(dir, Dir)); err != nil {
		t.Fatal(err)
	}
	if err := run(t, dir, Names, false, false, plain); !errors.As(err, &taken) || !strings.Contains(err.Error(), "file conn.log already") {
		t.Errorf("%v", err)
	}
	if err := run(t, dir, Names, true, false, plain); err != nil {
		t.Fatal(err)
	}
	// A run without files leaves nothing.
	if _, err := os.Stat(filepath.Join(dir, Dir)); err == nil {
		t.Error("the hidden folder is left")
	}
}

func TestCrash(t *testing.T) {
	dir := t.TempDir()
	if err := run(t, dir, Names, false, true, nil, "conn.log", "dns.log"); err != nil {
		t.Fatal(err)
	}
	var notices []string
	s := newSet(false, &notices)
	if _, err := s.Take(dir, Names, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, dir)
	if len(notices) != 1 || !strings.Contains(notices[0], "replaces the 2 files conn.log, dns.log of a run that was killed: process ") {
		t.Errorf("%q", notices)
	}

	// What was added stays, and belongs to the run that goes on.
	if err := run(t, dir, "id", false, true, nil, "conn/a"); err != nil {
		t.Fatal(err)
	}
	if err := run(t, dir, "id", false, false, nil, "conn/b"); err != nil {
		t.Fatal(err)
	}
	want(t, dir, "conn/a", "conn/b")
	if err := run(t, dir, "id", true, false, nil, "conn/c"); err != nil {
		t.Fatal(err)
	}
	want(t, dir, "conn/c")
}

func TestIdentities(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []string{"one", "two"} {
		if err := run(t, dir, id, false, false, nil, "conn/"+id+"/x", "dns/"+id); err != nil {
			t.Fatal(err)
		}
	}
	var taken *TakenError
	if err := run(t, dir, "one", false, false, nil, "conn/again"); !errors.As(err, &taken) {
		t.Errorf("%v", err)
	}
	if err := run(t, dir, "one", true, false, nil, "conn/again"); err != nil {
		t.Fatal(err)
	}
	want(t, dir, "conn/again", "conn/two/x", "dns/two")
	if _, err := os.Stat(filepath.Join(dir, "conn", "one")); err == nil {
		t.Error("an empty folder is left")
	}
}

func TestHeld(t *testing.T) {
	dir := t.TempDir()
	s, o := newSet(false, nil), newSet(true, nil)
	if _, err := s.Take(dir, Names, nil); err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	for _, take := range []func() (*Claim, error){
		func() (*Claim, error) { return o.Take(dir, Names, nil) },
		func() (*Claim, error) { return o.TakeGrowing(dir) },
	} {
		if _, err := take(); !errors.As(err, &held) || !strings.Contains(err.Error(), "reading a.pcap") {
			t.Errorf("%v", err)
		}
	}
	if _, err := o.Take(dir, "id", nil); err != nil {
		t.Errorf("an identity beside plain names: %v", err)
	}
	if c, err := s.Take(filepath.Join(dir, "."), Names, nil); err != nil || c != s.claims[0] {
		t.Errorf("the same run again: %v", err)
	}
	if err := errors.Join(s.Close(), o.Close()); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// Nothing is changed by a run that is refused elsewhere.
func TestNotBegun(t *testing.T) {
	dir := t.TempDir()
	if err := run(t, dir, Names, false, false, nil, "conn.log"); err != nil {
		t.Fatal(err)
	}
	s := newSet(true, nil)
	if _, err := s.Take(dir, Names, nil); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "x", "y")
	if _, err := s.Take(made, Names, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, dir, "conn.log")
	if _, err := os.Stat(filepath.Dir(made)); err == nil {
		t.Error("a folder that was made is left")
	}
	var taken *TakenError
	if err := run(t, dir, Names, false, false, nil); !errors.As(err, &taken) {
		t.Errorf("the record is gone: %v", err)
	}
}

func TestNil(t *testing.T) {
	var s *Set
	c, err := s.Take("/nonexistent", Names, nil)
	c.Add("x")
	s.Record("x", "y")
	if err := errors.Join(err, s.Begin(), s.Close()); err != nil || c.Continues() {
		t.Error(err)
	}
}

func TestRecordPathsStayInside(t *testing.T) {
	rec, err := readRecord(strings.NewReader("{\"process\":1}\n{\"file\":\"../x\"}\n{\"file\":\"/y\"}\n{\"file\":\"z\"}\n{\"fi"))
	if err != nil || !slices.Equal(rec.files, []string{"z"}) || rec.finished != nil {
		t.Errorf("%+v, %v", rec, err)
	}
}
