package capture

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// folder is a folder that is followed, with a clock of its own.
type folder struct {
	t     *testing.T
	dir   string
	opt   FollowOptions
	told  []string
	clock time.Time
	f     *follower
	// unwritten keeps packets from being acknowledged.
	unwritten bool
}

func newFolder(t *testing.T) *folder {
	d := &folder{t: t, dir: t.TempDir(), clock: time.Unix(1e9, 0)}
	d.opt.State = filepath.Join(t.TempDir(), "out", "state.json")
	d.opt.OnNotice = func(msg string) { d.told = append(d.told, msg) }
	d.open()
	return d
}

// open follows the folder, anew if it was followed before.
func (d *folder) open() {
	d.t.Helper()
	s, err := Follow(d.dir, d.opt)
	if err != nil {
		d.t.Fatal(err)
	}
	d.f = s.(*follower)
	d.f.waiting.now = func() time.Time { return d.clock }
	d.f.waiting.after = func(n time.Duration) <-chan time.Time {
		d.clock = d.clock.Add(n)
		c := make(chan time.Time, 1)
		c <- d.clock
		return c
	}
	d.t.Cleanup(func() { s.Close() })
}

// write makes a capture with a packet a second.
func (d *folder) write(name string, sec uint32, data ...string) string {
	d.t.Helper()
	spec := plainPcap()
	b := spec.header()
	for i, p := range data {
		b = spec.packet(b, sec+uint32(i), 0, p)
	}
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// packets returns what comes until the folder has been looked at twice with nothing new.
func (d *folder) packets() (got []string) {
	d.t.Helper()
	for idle := 0; idle < 8; {
		b, err := d.f.Next()
		if err != nil {
			d.t.Fatal(err)
		}
		if idle++; len(b.Packets) > 0 {
			idle = 0
		}
		for _, p := range b.Packets {
			got = append(got, string(p.Data))
		}
		if !d.unwritten {
			d.f.Written(b.Last, true)
		}
		b.Release()
	}
	return got
}

func (d *folder) want(what string, want ...string) {
	d.t.Helper()
	if got := d.packets(); !slices.Equal(got, want) {
		d.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// toldOf reports whether a notice has all words.
func (d *folder) toldOf(words ...string) bool {
	return slices.ContainsFunc(d.told, func(msg string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(msg, w) })
	})
}

// TestFollow has captures that are closed, renamed in, still written, and remembered.
func TestFollow(t *testing.T) {
	d := newFolder(t)
	d.want("an empty folder")
	d.write("b.pcap", 10, "b1", "b2")
	d.write("a.pcap", 20, "a1")
	d.want("two, by first packet", "b1", "b2", "a1")

	path := d.write("c.pcap", 30, "c1")
	open, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	d.want("one that is being written")
	if _, err := open.Write(plainPcap().packet(nil, 31, 0, "c2")); err != nil {
		t.Fatal(err)
	}
	d.want("one that is still being written")
	open.Close()
	d.want("one that was closed", "c1", "c2")

	other := filepath.Join(t.TempDir(), "x")
	if err := os.Rename(d.write("d.pcap", 40, "d1"), other); err != nil {
		t.Fatal(err)
	}
	d.want("gone before it was seen")
	if err := os.Rename(other, filepath.Join(d.dir, "d.pcap")); err != nil {
		t.Fatal(err)
	}
	d.want("renamed in", "d1")

	d.f.Close()
	d.write("e.pcap", 50, "e1")
	d.open()
	d.want("after a restart", "e1")
	d.write("a.pcap", 60, "a2", "a3")
	d.want("a name that is used again", "a2", "a3")
	if !d.toldOf("a.pcap", "read again") {
		t.Errorf("%q", d.told)
	}
	d.f.Stop()
	if _, err := d.f.Next(); err == nil {
		t.Error("no end after Stop")
	}
	if s := d.f.Stats(); s.Packets != 3 || len(s.Files) != 2 {
		t.Errorf("%+v", s)
	}
}

// TestFollowStop ends after the capture that is being read.
func TestFollowStop(t *testing.T) {
	d := newFolder(t)
	data := make([]string, BatchPackets+1)
	for i := range data {
		data[i] = "a"
	}
	d.write("a.pcap", 1, data...)
	d.write("b.pcap", 99999, "b")
	b, err := d.f.Next()
	for err == nil && len(b.Packets) == 0 {
		b, err = d.f.Next()
	}
	d.f.Stop()
	n := 0
	for ; err == nil; b, err = d.f.Next() {
		n += len(b.Packets)
	}
	if n != len(data) {
		t.Errorf("%d packets, want %d", n, len(data))
	}
	d.f.Written(^uint64(0), true)
	d.f.Close()
	d.open()
	d.want("another run", "b")
}

// TestFollowWritten has captures that are remembered and deleted when their rows are written,
// and read again by the next run if they never were or if some were lost.
func TestFollowWritten(t *testing.T) {
	d := newFolder(t)
	d.f.opt.Delete, d.opt.Delete, d.unwritten = true, true, true
	there := func(name string) bool { _, err := os.Stat(filepath.Join(d.dir, name)); return err == nil }
	d.write("a.pcap", 1, "a1", "a2")
	d.write("b.pcap", 3, "b1")
	d.write("c.pcap", 4, "c1")
	d.want("all", "a1", "a2", "b1", "c1")
	d.f.Written(1, true) // of the two of a
	if !there("a.pcap") {
		t.Error("a capture is deleted before its last packet is written")
	}
	d.f.Written(2, true)
	d.f.Written(3, false)
	if there("a.pcap") || !there("b.pcap") || !d.toldOf("b.pcap", "lost") {
		t.Errorf("a is there: %v, b: %v; told %q", there("a.pcap"), there("b.pcap"), d.told)
	}
	d.want("in the same run")
	d.f.Close() // as if it was killed: c was never acknowledged
	d.open()
	d.unwritten = false
	d.want("the next run", "b1", "c1")
	d.f.Close()
	d.open()
	if d.want("the one after it"); there("b.pcap") || there("c.pcap") {
		t.Error("they are still there")
	}
}

// TestFollowSkips tells of everything that it leaves out.
func TestFollowSkips(t *testing.T) {
	d := newFolder(t)
	cut := d.write("cut.pcap", 1, "whole", "cut")
	b, err := os.ReadFile(cut)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"cut.pcap": b[:len(b)-1], "empty.pcap": nil, "notes.txt": []byte("no capture"), ".hidden": b} {
		if err := os.WriteFile(filepath.Join(d.dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(d.dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(d.dir, "link.pcap")); err != nil {
		t.Fatal(err)
	}
	d.want("what can be read", "whole")
	for _, words := range [][]string{
		{"cut.pcap", "cut in a record"}, {"empty.pcap", "empty"}, {"notes.txt", "not a capture"},
		{"sub", "not a regular file"}, {"link.pcap", "cannot be read"},
	} {
		if !d.toldOf(words...) {
			t.Errorf("nothing told of %q: %q", words, d.told)
		}
	}
	if n := len(d.f.Damage()); n != 2 {
		t.Errorf("%d damages", n)
	}
	was := len(d.told)
	if d.want("again"); len(d.told) != was {
		t.Errorf("told twice: %q", d.told[was:])
	}
	d.write("old.pcap", 0, "old")
	if d.want("an old one", "old"); !d.toldOf("old.pcap", "before the end") {
		t.Errorf("%q", d.told)
	}
}

// TestFollowDisposes moves and deletes what it has read, but not what is damaged.
func TestFollowDisposes(t *testing.T) {
	d := newFolder(t)
	d.f.opt.Delete = true
	whole, cut := d.write("a.pcap", 1, "a"), d.write("b.pcap", 2, "b", "cut")
	if err := os.Truncate(cut, 24+16+1+16+1); err != nil {
		t.Fatal(err)
	}
	d.want("both", "a", "b")
	if _, err := os.Stat(whole); err == nil {
		t.Error("a.pcap is still there")
	}
	if _, err := os.Stat(cut); err != nil {
		t.Error(err)
	}
	d.f.opt.Delete, d.f.opt.MoveTo = false, t.TempDir()
	d.write("c.pcap", 3, "c")
	d.want("the third", "c")
	if _, err := os.Stat(filepath.Join(d.f.opt.MoveTo, "c.pcap")); err != nil {
		t.Error(err)
	}
	d.write("c.pcap", 4, "c2")
	if d.want("another of that name", "c2"); !d.toldOf("c.pcap", "exists") {
		t.Errorf("%q", d.told)
	}
}

func TestFollowFails(t *testing.T) {
	file := writeFile(t, "state", []byte("no JSON"))
	if _, err := Follow(file, FollowOptions{}); err == nil {
		t.Error("a file is followed")
	}
	if _, err := Follow(t.TempDir(), FollowOptions{State: file}); err == nil {
		t.Error("a state that cannot be read is ignored")
	}
}
