// Package claims keeps the runs apart that write into one folder.
//
// A run claims the folder of an output under a name: Names for files with plain names such
// as conn.log, which one run at a time may write, or the identity of the run for files that
// are added to those of other runs. While the run lasts, a file in the hidden folder
// .wirelog is locked; afterwards a record there lists the run's files, so that a later run
// can refuse to mix its own with them, or replace them as a set.
package claims

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

const (
	// Dir is the hidden folder of locks and records.
	Dir = ".wirelog"
	// Names is the claim of plain names.
	Names = "names"

	lockExt   = ".lock"
	recordExt = ".run"
)

// A Set is the claims of one run. The methods of a nil Set claim nothing.
type Set struct {
	opt Options

	mu     sync.Mutex
	claims []*Claim
	begun  bool
}

// Options are what all claims of a run have in common.
type Options struct {
	// Reading says in messages to other runs what the run reads.
	Reading string
	// Overwrite replaces the files of a finished run.
	Overwrite bool
	// Perm and DirPerm are the permissions of files and folders.
	Perm, DirPerm fs.FileMode
	Now           func() time.Time
	Notice        func(string)
}

// New returns an empty set.
func New(o Options) *Set { return &Set{opt: o} }

// A Claim is one folder under one name. The methods of a nil Claim do nothing.
type Claim struct {
	set     *Set
	dir     string // as given, for messages
	real    string // without symbolic links
	name    string
	made    []string // folders that did not exist, outermost first
	growing bool

	// plain are the names that the run may write.
	plain map[string]bool

	lock *os.File
	// old is the record of the run before.
	old    record
	hadOld bool
	// foreign are files with the claim's plain names that no record lists.
	foreign []string

	mu    sync.Mutex
	out   *os.File
	files map[string]bool
	err   error
}

// holder is the first line of a lock or record: the run that made it.
type holder struct {
	Process int       `json:"process"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
	Reading string    `json:"reading,omitempty"`
}

// String describes the run in messages.
func (h *holder) String() string {
	if h.Process == 0 {
		return "another run"
	}
	s := fmt.Sprintf("process %d on %s, started %s", h.Process, h.Host, h.Started.Local().Format(time.DateTime))
	if h.Reading != "" {
		s += ", reading " + h.Reading
	}
	return s
}

// entry is a later line of a record.
type entry struct {
	File     string     `json:"file,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	// Joined is written by "wirelog convert --compact".
	Joined string `json:"joined,omitempty"`
}

// record is what a record says.
type record struct {
	holder
	files    []string
	finished *time.Time
	// joined are the files that have the rows of the run's files with those of other runs.
	joined []string
}

// A HeldError says that another run holds the claim.
type HeldError struct {
	Dir, Holder string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is being written by %s: choose another folder, or wait for its end", e.Dir, e.Holder)
}

// A joinedError says that the rows of a finished run are in files with those of other runs.
type joinedError struct {
	Dir, File string
}

func (e *joinedError) Error() string {
	return fmt.Sprintf("%s has the rows of the same captures and settings already, in %s, joined with those of other runs: they cannot be replaced; choose another folder", e.Dir, e.File)
}

// A TakenError says that the files of a finished run are there.
type TakenError struct {
	Dir, What string
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s has %s: choose another folder, or replace them with --overwrite", e.Dir, e.What)
}

// Take claims the folder for the run, and makes it if necessary. A folder that the run
// has claimed by that name already gives the same claim. plain lists names of files that
// count as those of an earlier run even if no record has them.
//
// The error is a *HeldError, a *TakenError, or says why the folder cannot be written.
// Nothing is removed before Begin.
func (s *Set) Take(dir, name string, plain []string) (*Claim, error) {
	if s == nil {
		return nil, nil
	}
	return s.take(dir, name, plain, false)
}

// TakeGrowing claims the plain names of files that are renamed when they are finished. Files
// that are there already are no error, because they are not touched.
func (s *Set) TakeGrowing(dir string) (*Claim, error) {
	if s == nil {
		return nil, nil
	}
	return s.take(dir, Names, nil, true)
}

// Overwrites reports whether the run replaces files of finished runs.
func (s *Set) Overwrites() bool { return s != nil && s.opt.Overwrite }

func (s *Set) take(dir, name string, plain []string, growing bool) (*Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	made, err := s.mkdir(dir)
	if err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return nil, err
	}
	c := &Claim{set: s, dir: dir, real: real, name: name, made: made, growing: growing, files: map[string]bool{}}
	if i := slices.IndexFunc(s.claims, func(o *Claim) bool { return o.real == real && o.name == name }); i >= 0 {
		o := s.claims[i]
		if growing {
			return o, nil
		}
		for _, file := range plain {
			if s.begun && (o.plain[file] || o.growing) {
				return nil, fmt.Errorf("%s has files of this run, or may have, which another form would replace: choose another folder, or rotate, or restart", dir)
			}
		}
		o.reserve(plain)
		// The lock is held; what was not looked at yet are the files.
		if o.growing {
			o.growing = false
			if err := o.readOld(); err != nil {
				return nil, err
			}
		}
		if err := o.look(plain); err != nil {
			return nil, err
		}
		return o, nil
	}
	c.reserve(plain)
	if err := c.acquire(); err != nil {
		c.unmake()
		return nil, err
	}
	if !growing {
		err := c.readOld()
		if err == nil {
			err = c.look(plain)
		}
		if err != nil {
			_ = c.release(false)
			return nil, err
		}
	}
	s.claims = append(s.claims, c)
	return c, nil
}

// reserve notes the plain names that the run may write.
func (c *Claim) reserve(plain []string) {
	if c.plain == nil {
		c.plain = map[string]bool{}
	}
	for _, name := range plain {
		c.plain[name] = true
	}
}

// mkdir makes the folder with those above it, and returns those that were not there.
func (s *Set) mkdir(dir string) (made []string, err error) {
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || !errors.Is(err, fs.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	slices.Reverse(made)
	return made, os.MkdirAll(dir, s.opt.DirPerm)
}

func (c *Claim) path(ext string) string { return filepath.Join(c.real, Dir, c.name+ext) }

// acquire locks the claim.
func (c *Claim) acquire() error {
	path := c.path(lockExt)
	for {
		f, err := lockfile.Open(path, os.O_RDWR|os.O_CREATE, c.set.opt.Perm, c.set.opt.DirPerm)
		if err != nil {
			return err
		}
		if errors.Is(lockfile.Lock(f), lockfile.ErrLocked) {
			h, _ := readRecord(f) // who it is does not change the answer
			_ = f.Close()
			return &HeldError{c.dir, h.String()}
		}
		// A run that ended has removed the file if the path leads to another one now.
		if at, err := os.Stat(path); err != nil || !sameFile(f, at) {
			_ = f.Close()
			continue
		}
		err = f.Truncate(0)
		if err == nil {
			_, err = f.WriteAt(c.set.header(), 0)
		}
		if err != nil {
			_ = os.Remove(path)
			_ = f.Close()
			_ = os.Remove(filepath.Dir(path))
			return err
		}
		c.lock = f
		return nil
	}
}

func sameFile(f *os.File, at os.FileInfo) bool {
	fi, err := f.Stat()
	return err == nil && os.SameFile(fi, at)
}

func (s *Set) header() []byte {
	host, _ := os.Hostname() // unknown is empty
	b, err := json.Marshal(holder{os.Getpid(), host, s.opt.Now().UTC(), s.opt.Reading})
	if err != nil {
		panic(err) // the struct has nothing that can fail
	}
	return append(b, '\n')
}

// readRecord reads a lock or record. Lines that a killed run has left incomplete are
// passed over.
func readRecord(r io.Reader) (rec record, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for first := true; lines.Scan(); first = false {
		line := bytes.TrimSpace(lines.Bytes())
		if first {
			_ = json.Unmarshal(line, &rec.holder) // a damaged line leaves it unknown
			continue
		}
		var e entry
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		if e.Joined != "" && filepath.IsLocal(e.Joined) {
			rec.joined = append(rec.joined, e.Joined)
		}
		if e.Finished != nil {
			rec.finished = e.Finished
		}
		if e.File != "" && filepath.IsLocal(e.File) {
			rec.finished = nil
			rec.files = append(rec.files, e.File)
		}
	}
	return rec, lines.Err()
}

// readOld reads the record of the run before, if there is one.
func (c *Claim) readOld() error {
	f, err := os.Open(c.path(recordExt))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	c.old, err = readRecord(f)
	c.hadOld = true
	c.old.files = slices.DeleteFunc(c.old.files, func(name string) bool { return !c.exists(name) })
	slices.Sort(c.old.files)
	c.old.files = slices.Compact(c.old.files)
	c.old.joined = slices.DeleteFunc(c.old.joined, func(name string) bool { return !c.exists(name) })
	return err
}

func (c *Claim) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(c.real, name))
	return err == nil
}

// look refuses files that are there, unless they may be replaced.
func (c *Claim) look(plain []string) error {
	for _, name := range plain {
		if c.exists(name) && !slices.Contains(c.old.files, name) && !slices.Contains(c.foreign, name) {
			c.foreign = append(c.foreign, name)
		}
	}
	if len(c.old.joined) > 0 {
		return &joinedError{c.dir, c.old.joined[0]}
	}
	if c.set.opt.Overwrite {
		return nil
	}
	switch {
	case c.old.finished != nil && len(c.old.files) > 0:
		which := "of a run"
		if c.name != Names {
			which = "of the same captures and settings, of a run"
		}
		return &TakenError{c.dir, fmt.Sprintf("the %s %s that ended %s", list("file", c.old.files), which, c.old.finished.Local().Format(time.DateTime))}
	case len(c.foreign) > 0:
		return &TakenError{c.dir, list("file", c.foreign) + " already"}
	}
	return nil
}

// list counts names and shows the first of them.
func list(what string, names []string) string {
	const most = 3
	if len(names) == 1 {
		return what + " " + names[0]
	}
	shown := names[:min(len(names), most)]
	text := strings.Join(shown, ", ")
	if n := len(names) - len(shown); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%d %ss %s", len(names), what, text)
}

// Begin removes what the claims replace, and begins their records. It is called when
// nothing can refuse the run any more.
func (s *Set) Begin() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = true
	for _, c := range s.claims {
		if err := c.begin(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Claim) begin() error {
	if c.growing || c.out != nil {
		return nil // or it has been begun for outputs before
	}
	crashed := c.hadOld && c.old.finished == nil
	// A run that was killed is continued; its plain names are written again, and files
	// that were added stay.
	var keep []string
	switch {
	case crashed && c.name != Names && !c.set.opt.Overwrite:
		keep = c.old.files
	default:
		remove := slices.Concat(c.old.files, c.foreign)
		for _, name := range remove {
			if err := c.remove(name); err != nil {
				return err
			}
		}
		if crashed && len(c.old.files) > 0 {
			c.set.opt.Notice(fmt.Sprintf("%s: replaces the %s of a run that was killed: %s", c.dir, list("file", c.old.files), c.old.String()))
		}
	}
	out, err := os.OpenFile(c.path(recordExt), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, c.set.opt.Perm)
	if err != nil {
		return err
	}
	c.out = out
	if _, err := out.Write(c.set.header()); err != nil {
		return err
	}
	for _, name := range keep {
		c.Add(name)
	}
	return c.err
}

// remove removes a file, and the folders in the tree that are empty without it.
func (c *Claim) remove(name string) error {
	root, err := os.OpenRoot(c.real)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		if root.Remove(dir) != nil {
			break
		}
	}
	return nil
}

// Add records a file, by its path within the folder, before it gets that name.
func (c *Claim) Add(file string) {
	if c == nil || c.growing {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files[file] || c.out == nil {
		return
	}
	c.files[file] = true
	c.write(entry{File: file})
}

func (c *Claim) write(e entry) {
	b, err := json.Marshal(e)
	if err == nil {
		_, err = c.out.Write(append(b, '\n'))
	}
	if err != nil && c.err == nil {
		c.err = err
	}
}

// Continues reports whether a run with the same claim was killed before.
func (c *Claim) Continues() bool {
	return c != nil && (c.name == Names || c.hadOld && c.old.finished == nil)
}

// Record adds a file to the claim of the folder, if there is one.
func (s *Set) Record(dir, file string) {
	if s == nil || !filepath.IsLocal(file) {
		return
	}
	s.mu.Lock()
	i := slices.IndexFunc(s.claims, func(c *Claim) bool { return filepath.Clean(c.dir) == filepath.Clean(dir) && !c.growing })
	var c *Claim
	if i >= 0 {
		c = s.claims[i]
	}
	s.mu.Unlock()
	c.Add(file)
}

// Close ends the claims. The records of files stay.
func (s *Set) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, c := range s.claims {
		errs = append(errs, c.release(s.begun))
	}
	s.claims = nil
	return errors.Join(errs...)
}

// release ends a claim.
func (c *Claim) release(begun bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.err
	if c.out != nil {
		if len(c.files) > 0 {
			now := c.set.opt.Now().UTC()
			c.write(entry{Finished: &now})
			err = c.err
		} else {
			err = errors.Join(err, os.Remove(c.path(recordExt)))
		}
		err = errors.Join(err, c.out.Close())
		c.out = nil
	}
	if c.lock != nil {
		// Removed while it is locked: whoever opened it meanwhile sees that it is gone.
		_ = os.Remove(c.path(lockExt))
		_ = c.lock.Close()
		c.lock = nil
	}
	_ = os.Remove(filepath.Join(c.real, Dir)) // if it is empty
	if len(c.files) == 0 || !begun {
		c.unmake()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(c.dir, Dir), err)
	}
	return nil
}

// unmake removes the folders that the claim has made, as far as they are empty.
func (c *Claim) unmake() {
	for _, dir := range slices.Backward(c.made) {
		if os.Remove(dir) != nil {
			return
		}
	}
}
