package capture

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// FollowOptions configure the following of a folder. The fields with keys are options of the
// program.
type FollowOptions struct {
	Options `key:"-"`
	// MoveTo and Delete say what becomes of a capture that has been read without damage.
	MoveTo string `key:"follow.move_to" is:"path" flag:"move-to" doc:"folder, on the same file system, into which read --follow moves captures that it has read"`
	Delete bool   `key:"follow.delete" flag:"delete-read" doc:"have read --follow delete captures that it has read without damage"`
	// State is the file that remembers what has been read.
	State string
}

// followEvery is how often the folder is looked at.
const followEvery = 250 * time.Millisecond

// maxFollowed is how many captures and damages Stats and Damage have of those that were
// read, so that memory does not grow.
const maxFollowed = 1000

// follower is a source of the captures that come into a folder.
type follower struct {
	*Reader
	opt     FollowOptions
	dir     string
	read    map[string]mark // what has been read, or is no capture, by name
	told    map[string]bool // names that were told to be skipped
	watch   folderWatch
	peek    *peek
	last    time.Time // when the folder was looked at
	stopped bool
	damages int // before the present file
	// unwritten are captures that were read, oldest first, and whose rows may be lost with
	// the process. left are those of which rows were lost, by name.
	unwritten []readCapture
	left      map[string]bool
}

// readCapture is a capture that was read.
type readCapture struct {
	in      input
	damaged bool
	last    uint64 // number of its last packet
}

// mark tells a file from a later one of the same name.
type mark struct {
	Size     int64 `json:"size"`
	Modified int64 `json:"modified"` // nanoseconds since 1970
}

func markOf(fi fs.FileInfo) mark { return mark{fi.Size(), fi.ModTime().UnixNano()} }

// Follow reads the captures in a folder as they become complete, and waits for more. A
// capture is complete when nobody has it open for writing; where that cannot be known, when
// it has been closed or renamed into the folder, or a newer one has come. Captures that are
// complete at the same time are read in the order of their first packets, those with the
// same time in that of their names. What has been read and written is remembered in a file,
// so that another run goes on behind it, and only then moved or deleted. Subfolders and names
// that begin with a dot are left out.
//
// The source is a Stopper: Stop lets it end after the capture that it is reading; and it is
// Acknowledged, without which nothing is remembered.
func Follow(dir string, o FollowOptions) (Source, error) {
	fi, err := os.Stat(dir)
	if err == nil && !fi.IsDir() {
		err = fmt.Errorf("%s is not a folder", dir)
	}
	if err != nil {
		return nil, err
	}
	r := &Reader{opt: o.Options}
	r.waiting.init()
	r.file.run = r
	if err := r.batcher.init(BatcherOptions{Filter: o.Filter, JumpLimit: o.JumpLimit, Unwrap: o.Unwrap, Mirrors: o.Mirrors}); err != nil {
		return nil, err
	}
	if o.Origins {
		r.batcher.from = new(Origin)
	}
	f := &follower{Reader: r, opt: o, dir: dir, read: map[string]mark{}, told: map[string]bool{}, left: map[string]bool{}, peek: newPeek()}
	if err := f.load(); err != nil {
		return nil, err
	}
	if err := f.watch.open(dir); err != nil {
		return nil, err
	}
	r.more, r.ended = f.more, f.ended
	if o.OnFiles != nil {
		o.OnFiles("captures that come into " + dir)
	}
	return f, nil
}

// Stop implements Stopper.
func (f *follower) Stop() {
	f.stopped = true
	f.inputs = nil
}

// Close releases what the follower holds.
func (f *follower) Close() error { return errors.Join(f.Reader.Close(), f.watch.close()) }

// more looks for captures that are complete, or waits for a moment.
func (f *follower) more() verdict {
	if f.stopped {
		return ended
	}
	w := &f.waiting
	if left := followEvery - w.now().Sub(f.last); left > 0 {
		<-w.after(min(left, maxWait))
		if w.now().Sub(f.last) < followEvery {
			return waits
		}
	}
	f.last = w.now()
	f.inputs = f.scan()
	if len(f.inputs) == 0 {
		return waits
	}
	return gotPacket
}

// scan returns the captures of the folder that are complete and have not been read.
func (f *follower) scan() (ins []input) {
	list, err := os.ReadDir(f.dir)
	if err != nil {
		f.skip(f.dir, "cannot be read: "+err.Error())
		return nil
	}
	delete(f.told, f.dir)
	f.watch.drain()
	var files []fs.FileInfo
	there := make(map[string]bool, len(list))
	for _, d := range list {
		there[d.Name()] = true
		fi, err := os.Stat(filepath.Join(f.dir, d.Name()))
		switch {
		case strings.HasPrefix(d.Name(), "."):
		case errors.Is(err, fs.ErrNotExist) && d.Type()&fs.ModeSymlink == 0: // gone meanwhile
		case err != nil:
			f.skip(d.Name(), "cannot be read: "+err.Error())
		case !fi.Mode().IsRegular():
			f.skip(d.Name(), "not a regular file")
		default:
			files = append(files, named{fi, d.Name()})
		}
	}
	f.forget(there)
	newest := int64(0)
	for _, fi := range files {
		newest = max(newest, fi.ModTime().UnixNano())
	}
	for _, fi := range files {
		m := markOf(fi)
		was, known := f.read[fi.Name()]
		if known && was == m || !f.complete(fi, newest) {
			continue
		}
		if known {
			f.notice("%s: has changed since it was read: read again", fi.Name())
		}
		if in, ok := f.look(fi); ok {
			ins = append(ins, in)
		}
	}
	slices.SortFunc(ins, func(a, b input) int {
		return cmp.Or(cmp.Compare(a.first, b.first), comparePaths(a.path, b.path))
	})
	return ins
}

// named is a file under the name that the folder has it by, which may be a link's.
type named struct {
	fs.FileInfo
	name string
}

func (n named) Name() string { return n.name }

// complete reports whether nothing more will be written to a file.
func (f *follower) complete(fi fs.FileInfo, newest int64) bool {
	path := filepath.Join(f.dir, fi.Name())
	switch writing(path) {
	case no:
		return true
	case yes:
		return false
	}
	return f.watch.closed[fi.Name()] || fi.ModTime().UnixNano() < newest
}

// answer is one that may not be known.
type answer uint8

const (
	unknown answer = iota
	no
	yes
)

// look opens a complete file, and tells if it is no capture.
func (f *follower) look(fi fs.FileInfo) (input, bool) {
	delete(f.watch.closed, fi.Name())
	in := input{path: filepath.Join(f.dir, fi.Name()), size: fi.Size(), inFolder: true, info: fi}
	bad := f.peek.first(&in)
	if bad == nil {
		return in, true
	}
	if bad.Err != nil || namedCapture(fi.Name()) {
		f.note(bad)
		f.notice("%s", bad.Error())
	} else {
		f.notice("%s: skipped: not a capture file", in.path)
	}
	f.remember(fi)
	return in, false
}

// skip tells once that something in the folder is left out.
func (f *follower) skip(name, why string) {
	if !f.told[name] {
		f.told[name] = true
		f.notice("%s: skipped: %s", name, why)
	}
}

// forget removes names that are not in the folder any more.
func (f *follower) forget(there map[string]bool) {
	gone := func(name string) bool { return name != f.dir && !there[name] }
	for name := range f.read {
		if gone(name) {
			delete(f.read, name)
		}
	}
	for name := range f.left {
		if gone(name) {
			delete(f.left, name)
		}
	}
	for name := range f.told {
		if gone(name) {
			delete(f.told, name)
		}
	}
	for name := range f.watch.closed {
		if gone(name) {
			delete(f.watch.closed, name)
		}
	}
}

// ended is called when a capture has been read to its end or its damage.
func (f *follower) ended(in *input) {
	damaged := len(f.damage) > f.damages
	for _, d := range f.damage[f.damages:] {
		f.notice("%s", d.Error())
	}
	f.read[in.info.Name()] = markOf(in.info)
	delete(f.left, in.info.Name())
	f.unwritten = append(f.unwritten, readCapture{*in, damaged, f.batcher.num})
	s := &f.batcher.stats
	if n := len(s.Files) - maxFollowed; n > 0 {
		s.Files = slices.Delete(s.Files, 0, n)
		s.MoreFiles += n
	}
	if n := len(f.damage) - maxFollowed; n > 0 {
		f.damage = slices.Delete(f.damage, 0, n)
	}
	f.damages = len(f.damage)
}

// Written implements Acknowledged: captures up to that packet are remembered, and moved or
// deleted. Those of which rows were lost stay, for the next run.
func (f *follower) Written(packet uint64, whole bool) {
	n := 0
	for n < len(f.unwritten) && f.unwritten[n].last <= packet {
		n++
	}
	if n == 0 {
		return
	}
	done := f.unwritten[:n]
	f.unwritten = slices.Clone(f.unwritten[n:])
	for i := range done {
		if !whole {
			f.left[done[i].in.info.Name()] = true
			f.notice("%s: rows of it were lost: it stays, and the next run reads it again", done[i].in.path)
		}
	}
	if !whole {
		return
	}
	if err := f.save(); err != nil {
		f.notice("what has been read of %s cannot be remembered: %v", f.dir, err)
	}
	for i := range done {
		if err := f.dispose(&done[i].in, done[i].damaged); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.notice("%s: has been read, and stays: %v", done[i].in.path, err)
		}
	}
}

// dispose moves or deletes a capture that has been read. One with damage is not deleted.
func (f *follower) dispose(in *input, damaged bool) error {
	switch {
	case f.opt.MoveTo != "":
		to := filepath.Join(f.opt.MoveTo, filepath.Base(in.path))
		if _, err := os.Lstat(to); err == nil {
			return fmt.Errorf("%s exists", to)
		}
		return os.Rename(in.path, to)
	case f.opt.Delete && !damaged:
		return os.Remove(in.path)
	}
	return nil
}

// remember notes that a file is no capture.
func (f *follower) remember(fi fs.FileInfo) {
	f.read[fi.Name()] = markOf(fi)
	if err := f.save(); err != nil {
		f.notice("what has been read of %s cannot be remembered: %v", f.dir, err)
	}
}

// save writes State: another file first, which then takes its name.
func (f *follower) save() error {
	if f.opt.State == "" {
		return nil
	}
	known := maps.Clone(f.read)
	maps.DeleteFunc(known, func(name string, _ mark) bool {
		return f.left[name] || slices.ContainsFunc(f.unwritten, func(c readCapture) bool { return c.in.info.Name() == name })
	})
	b, err := json.MarshalIndent(known, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.opt.State), 0o755); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(f.opt.State), ".follow-")
	if err != nil {
		return err
	}
	_, err = t.Write(append(b, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err == nil {
		err = os.Rename(t.Name(), f.opt.State)
	}
	if err != nil {
		_ = os.Remove(t.Name())
	}
	return err
}

// load reads State, which need not be there.
func (f *follower) load() error {
	if f.opt.State == "" {
		return nil
	}
	b, err := os.ReadFile(f.opt.State)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(b, &f.read)
	}
	if err != nil {
		return fmt.Errorf("%s, which says what has been read: %w", f.opt.State, err)
	}
	return nil
}
