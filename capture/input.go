package capture

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const stdinPath = "-"

// maxWindow is the largest window that a compressed capture may require, enough
// for `xz -9` (64 MB) and `zstd --long` (128 MB).
const maxWindow = 128 << 20

// input is one file of the run.
type input struct {
	path  string
	size  int64 // on disk; 0 if unknown
	waits bool  // a reader may have to wait for it
	first int64 // time of the first packet, of files of a directory; noTime if there is none

	inFolder bool
	info     fs.FileInfo // of a regular file
}

func (in input) name() string {
	if in.path == stdinPath {
		return "standard input"
	}
	return in.path
}

// Expand returns the captures that paths stand for, in the order in which Open reads them,
// and what in directories cannot be read. It fails as Open does.
func Expand(paths []string, o Options) ([]string, []*DamageError, error) {
	ins, damage, err := expand(paths, &o, expandDir)
	names := make([]string, len(ins))
	for i := range ins {
		names[i] = ins[i].path
	}
	return names, damage, err
}

// Check fails if Open would, as far as that can be known without reading a file: it finds what
// is not there and filters that are wrong, but no directory without captures.
func Check(paths []string, o Options) error {
	if o.Filter != "" {
		if _, err := newFilterSet(o.Filter); err != nil {
			return err
		}
	}
	o.OnNotice = nil
	_, _, err := expand(paths, &o, func(dir string, _ *Options) (ins []input, _ []*DamageError) {
		// The function returns no error but to end.
		_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				return nil
			}
			ins = []input{{path: p}} // a capture, or what Open tells of
			return fs.SkipAll
		})
		return ins, nil
	})
	return err
}

// expand returns the files that paths stand for, and what of directories cannot be read, which
// inDir finds out.
func expand(paths []string, o *Options, inDir func(string, *Options) ([]input, []*DamageError)) (ins []input, damage []*DamageError, err error) {
	if len(paths) == 0 {
		return nil, nil, errors.New("no capture named")
	}
	stdin := false
	for _, p := range paths {
		if p == stdinPath {
			if stdin {
				return nil, nil, errors.New("standard input named twice")
			}
			if o.Stdin == nil {
				return nil, nil, errors.New("no standard input")
			}
			stdin = true
			in := input{path: p, waits: true}
			if f, ok := o.Stdin.(*os.File); ok {
				if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() {
					in.size, in.waits = fi.Size(), false
				}
			}
			ins = append(ins, in)
			continue
		}
		fi, err := os.Stat(p)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case fi.IsDir():
			found, bad := inDir(p, o)
			if len(found) == 0 && len(bad) == 0 {
				return nil, nil, fmt.Errorf("%s: no capture in this directory", p)
			}
			ins, damage = append(ins, found...), append(damage, bad...)
		case fi.Mode().IsRegular():
			f, err := os.Open(p)
			if err != nil {
				return nil, nil, err
			}
			f.Close()
			ins = append(ins, input{path: p, size: fi.Size(), info: fi})
		default:
			// A named pipe is not opened here: it would lose its writer.
			ins = append(ins, input{path: p, waits: true})
		}
	}
	return once(ins, o), damage, nil
}

// once leaves out files that come before under this or another name, with a notice each:
// every packet is read once.
func once(ins []input, o *Options) []input {
	type key struct{ size, modified int64 }
	seen := make(map[key][]*input, len(ins))
	kept := ins[:0:0]
	for i := range ins {
		in := &ins[i]
		if in.info == nil {
			kept = append(kept, *in)
			continue
		}
		k := key{in.size, in.info.ModTime().UnixNano()}
		j := slices.IndexFunc(seen[k], func(s *input) bool { return os.SameFile(s.info, in.info) })
		if j < 0 {
			seen[k] = append(seen[k], in)
			kept = append(kept, *in)
			continue
		}
		if o.OnNotice != nil {
			if first := seen[k][j].path; first == in.path {
				o.OnNotice(fmt.Sprintf("%s: named twice: read once", in.path))
			} else {
				o.OnNotice(fmt.Sprintf("%s: the same file as %s: read once", in.path, first))
			}
		}
	}
	return kept
}

// ownFolder is where runs keep notes beside what they write, which may be among what they read.
const ownFolder = ".wirelog"

// expandDir returns the captures in a directory and below in the order of their first
// packets, and those with the same time in natural order of their paths (trace2 before
// trace10). What cannot be read is damage; what is no capture is skipped with a notice.
func expandDir(dir string, o *Options) (ins []input, damage []*DamageError) {
	unreadable := func(p string, err error) {
		var pe *fs.PathError
		if errors.As(err, &pe) && pe.Path == p {
			err = pe.Err
		}
		damage = append(damage, &DamageError{File: p, Offset: -1, Reason: "cannot be read", Count: 1, Err: err})
	}
	peek := newPeek()
	// The function never returns an error but to leave out a directory.
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			unreadable(p, err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			if d.Name() == ownFolder {
				return fs.SkipDir
			}
			return nil
		}
		skip := func(why string) {
			if o.OnNotice != nil {
				o.OnNotice(fmt.Sprintf("%s: skipped: %s", p, why))
			}
		}
		fi, err := os.Stat(p)
		switch {
		case err != nil:
			unreadable(p, err)
		case fi.IsDir():
			skip("a link to a directory")
		case !fi.Mode().IsRegular():
			skip("not a regular file")
		default:
			in := input{path: p, size: fi.Size(), inFolder: true, info: fi}
			switch bad := peek.first(&in); {
			case bad == nil:
				ins = append(ins, in)
			case bad.Err != nil || namedCapture(p):
				damage = append(damage, bad)
			default:
				skip("not a capture file")
			}
		}
		return nil
	})
	slices.SortFunc(ins, func(a, b input) int { return comparePaths(a.path, b.path) })
	byTime := func(a, b input) int { return cmp.Compare(a.first, b.first) }
	if !slices.IsSortedFunc(ins, byTime) {
		slices.SortStableFunc(ins, byTime)
		if o.OnNotice != nil {
			o.OnNotice(fmt.Sprintf("%s: %d captures in the order of their first packets, which is not that of their names", dir, len(ins)))
		}
	}
	return ins, damage
}

// captureNames end the names of files that should be captures.
var captureNames = []string{".pcap", ".pcapng", ".cap", ".ntar", ".dmp"}

// namedCapture reports whether a file has the name of a capture, which may be compressed.
func namedCapture(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	for _, ext := range []string{".gz", ".zst", ".xz", ".bz2"} {
		name = strings.TrimSuffix(name, ext)
	}
	for _, ext := range captureNames {
		if strings.HasSuffix(name, ext) || strings.Contains(name, ext+".") || digitsAfter(name, ext) {
			return true
		}
	}
	return false
}

// digitsAfter reports whether name ends with ext and a number, as tcpdump -C makes them.
func digitsAfter(name, ext string) bool {
	return strings.HasSuffix(strings.TrimRight(name, "0123456789"), ext)
}

// peek looks at the beginnings of files.
type peek struct {
	file file
	comp string // compression of the last file
}

func newPeek() *peek {
	p := new(peek)
	p.file.run, p.file.chunk = new(Reader), 4<<10
	return p
}

// first sets in.first. It returns what keeps the file from being a capture, or nil if it
// is one, which may be damaged later.
func (p *peek) first(in *input) *DamageError {
	f := &p.file
	f.run.damage = nil
	in.first = noTime
	f.open(*in)
	p.comp = f.src.comp
	if f.next() == gotPacket {
		in.first = f.rec.at
		f.close()
		return nil
	}
	if f.stage == stageMagic {
		return f.run.damage[0]
	}
	return nil
}

// comparePaths orders paths by their elements, in which runs of digits compare as
// numbers.
func comparePaths(a, b string) int {
	as, bs := strings.Split(filepath.ToSlash(a), "/"), strings.Split(filepath.ToSlash(b), "/")
	for i := range min(len(as), len(bs)) {
		if c := compareNatural(as[i], bs[i]); c != 0 {
			return c
		}
	}
	if len(as) != len(bs) {
		return len(as) - len(bs)
	}
	return strings.Compare(a, b)
}

func compareNatural(a, b string) int {
	digits := func(s string) int {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		return n
	}
	for a != "" && b != "" {
		i, j := digits(a), digits(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// stream is the decompressed content of a file.
type stream struct {
	r     io.Reader
	comp  string   // name of the compression, or empty
	raw   *counter // the file itself
	close func()
}

// counter counts the bytes read from a file. It returns io.ErrNoProgress if the
// file keeps returning neither bytes nor an error.
type counter struct {
	r    io.Reader
	n    int64
	idle int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if n > 0 || len(p) == 0 {
		c.idle = 0
	} else if c.idle++; err == nil && c.idle == 100 {
		err = io.ErrNoProgress
	}
	return n, err
}

// compressions are recognized by the first bytes of a file.
var compressions = []struct {
	name, magic string
	open        func(*bufio.Reader) (io.Reader, func(), error)
}{
	{"gzip", "\x1f\x8b", func(r *bufio.Reader) (io.Reader, func(), error) {
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	}},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"bzip2", "BZh", func(r *bufio.Reader) (io.Reader, func(), error) {
		return bzip2.NewReader(r), func() {}, nil
	}},
	{"xz", xzMagic, func(r *bufio.Reader) (io.Reader, func(), error) {
		z, err := openXZ(r)
		return z, func() {}, err
	}},
}

func openZstd(r *bufio.Reader) (io.Reader, func(), error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return z, z.Close, nil
}

// newStream returns the content of a file, decompressed if its first bytes say so.
// The stream is valid even with an error, which comes from reading or from the
// decompressor, which reads size bytes at a time.
func newStream(f io.Reader, size int) (*stream, error) {
	s := &stream{raw: &counter{r: f}, close: func() {}}
	head := make([]byte, 6)
	n, err := io.ReadFull(s.raw, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return s, err
	}
	head = head[:n]
	s.r = io.MultiReader(bytes.NewReader(head), s.raw)
	for _, c := range compressions {
		if !strings.HasPrefix(string(head), c.magic) {
			continue
		}
		s.comp = c.name
		z, cl, err := c.open(bufio.NewReaderSize(s.r, size))
		if err != nil {
			return s, err
		}
		s.r, s.close = z, cl
		break
	}
	return s, nil
}
