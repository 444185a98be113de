package capture

import (
	"bufio"
	"bytes"
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
	path string
	size int64 // on disk; 0 if unknown
}

func (in input) name() string {
	if in.path == stdinPath {
		return "standard input"
	}
	return in.path
}

// expand returns the files that paths stand for.
func expand(paths []string, o *Options) ([]input, error) {
	if len(paths) == 0 {
		return nil, errors.New("no capture named")
	}
	var ins []input
	stdin := false
	for _, p := range paths {
		if p == stdinPath {
			if stdin {
				return nil, errors.New("standard input named twice")
			}
			if o.Stdin == nil {
				return nil, errors.New("no standard input")
			}
			stdin = true
			in := input{path: p}
			if f, ok := o.Stdin.(*os.File); ok {
				if fi, err := f.Stat(); err == nil && fi.Mode().IsRegular() {
					in.size = fi.Size()
				}
			}
			ins = append(ins, in)
			continue
		}
		fi, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		switch {
		case fi.IsDir():
			found, err := expandDir(p, o)
			if err != nil {
				return nil, err
			}
			ins = append(ins, found...)
		case fi.Mode().IsRegular():
			f, err := os.Open(p)
			if err != nil {
				return nil, err
			}
			f.Close()
			ins = append(ins, input{path: p, size: fi.Size()})
		default:
			// A named pipe is not opened here: it would lose its writer.
			ins = append(ins, input{path: p})
		}
	}
	return ins, nil
}

// expandDir returns the captures in a directory and below, in natural order of
// their paths (trace2 before trace10), which is the order of rotated files.
func expandDir(dir string, o *Options) ([]input, error) {
	var ins []input
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
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
			skip(err.Error())
		case fi.IsDir():
			skip("a link to a directory")
		case !fi.Mode().IsRegular():
			skip("not a regular file")
		default:
			if err := sniff(p); err != nil {
				skip(err.Error())
				return nil
			}
			ins = append(ins, input{path: p, size: fi.Size()})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(ins) == 0 {
		return nil, fmt.Errorf("%s: no capture in this directory", dir)
	}
	slices.SortFunc(ins, func(a, b input) int { return comparePaths(a.path, b.path) })
	return ins, nil
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

// sniff returns nil if the file begins like a capture, and otherwise an error that
// says why not.
func sniff(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := newStream(f)
	if err != nil {
		return err
	}
	defer s.close()
	head := make([]byte, 4)
	n, err := io.ReadFull(s.r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if n < 4 || !isCapture([4]byte(head)) {
		return errors.New("not a capture file")
	}
	return nil
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
// decompressor.
func newStream(f io.Reader) (*stream, error) {
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
		z, cl, err := c.open(bufio.NewReaderSize(s.r, 256<<10))
		if err != nil {
			return s, err
		}
		s.r, s.close = z, cl
		break
	}
	return s, nil
}
