package files

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/file/magic"
)

// ExtractStats counts extracted files.
type ExtractStats struct {
	Files   uint64
	Bytes   uint64
	Cut     uint64 // files that reached the limit
	Refused uint64 // files not extracted, because too many were being written
	Shed    uint64 // files not extracted, or cut off, because of Manager.Shed
	Failed  uint64 // files that could not be created or written
}

const extractBuffer = 32 << 10

// protocolTypes are media types that protocols name and that no file's beginning shows.
var protocolTypes = []string{
	"application/pkix-cert", "application/x-x509-ca-cert", "application/x-x509-user-cert",
}

// ValidPattern returns an error if p matches none of the media types that files can have.
// It says what the pattern was probably meant to be.
func ValidPattern(p string) error {
	if _, err := path.Match(p, ""); err != nil {
		return fmt.Errorf("%q is not a pattern for media types", p)
	}
	types := append(magic.Types(), protocolTypes...)
	matches := func(pattern string) bool {
		return slices.ContainsFunc(types, func(t string) bool {
			ok, _ := path.Match(pattern, t)
			return ok
		})
	}
	if matches(p) {
		return nil
	}
	hint := "want type/subtype, such as application/pdf, image/* or, for all, */*"
	word := strings.Trim(p, "/*. ")
	for _, try := range []string{word + "/*", "*/" + word, "*/x-" + word, "*/*" + word + "*"} {
		if word != "" && word != "all" && word != "any" && matches(try) {
			hint = "did you mean " + strconv.Quote(try) + "?"
			if n := slices.IndexFunc(types, func(t string) bool { ok, _ := path.Match(try, t); return ok }); strings.HasPrefix(try, "*/") {
				hint = "did you mean " + strconv.Quote(types[n]) + "?"
			}
			break
		}
	}
	return fmt.Errorf("%q matches no media type: %s", p, hint)
}

type extractor struct {
	opt   *Options
	stats *ExtractStats
	kind  *Kind
	root  *os.Root
	open  int
	free  []*bufio.Writer
}

func newExtractor(o *Options, stats *ExtractStats) *extractor {
	x := &extractor{opt: o, stats: stats}
	x.kind = &Kind{Name: "EXTRACT", New: func(m *Manager, f *File) Analyzer { return x.start(m, f) }}
	return x
}

// consider extracts f if its type was asked for.
func (x *extractor) consider(f *File) {
	for _, p := range x.opt.Extract {
		if ok, _ := path.Match(p, f.mime); ok {
			f.Attach(x.kind)
			return
		}
	}
}

// extraction writes one file. If out is nil, it writes nothing.
type extraction struct {
	x    *extractor
	m    *Manager
	f    *File
	out  *os.File
	buf  *bufio.Writer
	size uint64
}

func (x *extractor) start(m *Manager, f *File) Analyzer {
	a := &extraction{x: x, m: m, f: f}
	if m.shedding {
		x.stats.Shed++
		return a
	}
	if x.open >= x.opt.ExtractOpen {
		x.stats.Refused++
		return a
	}
	out, name, err := x.create(f)
	if err != nil {
		x.stats.Failed++
		return a
	}
	x.stats.Files++
	x.open++
	f.extracted = name
	if !x.opt.BareNames {
		f.extracted = filepath.Join(x.opt.ExtractDir, name)
	}
	a.out = out
	if n := len(x.free); n > 0 {
		a.buf, x.free = x.free[n-1], x.free[:n-1]
		a.buf.Reset(out)
	} else {
		a.buf = bufio.NewWriterSize(out, extractBuffer)
	}
	return a
}

// create creates a new file in the folder; os.Root ensures that it is not outside.
func (x *extractor) create(f *File) (*os.File, string, error) {
	if x.root == nil {
		dir := x.opt.ExtractPath()
		if err := os.MkdirAll(dir, x.opt.ExtractMode|x.opt.ExtractMode&0o444>>2); err != nil {
			return nil, "", err
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, "", err
		}
		x.root = root
	}
	base := fmt.Sprintf("extract-%s-%s-%s", strconv.FormatFloat(f.active.Seconds(), 'f', 6, 64), safe(f.source), f.FUID())
	const tries = 100
	var ext string
	if !x.opt.BareNames {
		ext = extension(f.mime)
	}
	var err error
	for i := range tries {
		name := base
		if i > 0 {
			name += "-" + strconv.Itoa(i)
		}
		name += ext
		if x.opt.OnExtract != nil {
			x.opt.OnExtract(filepath.Join(x.opt.ExtractDir, name))
		}
		var out *os.File
		if out, err = x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, x.opt.ExtractMode); err == nil {
			return out, name, nil
		}
		if !os.IsExist(err) {
			break
		}
	}
	return nil, "", err
}

// safe returns name without characters that have a meaning in paths.
func safe(name string) string {
	b := []byte(name)
	for i, c := range b {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_') {
			b[i] = '_'
		}
	}
	return string(b)
}

// room returns how many of n more bytes may be written, and reports the limit if
// not all.
func (a *extraction) room(n uint64) uint64 {
	limit := a.x.opt.ExtractLimit
	if limit == 0 || n <= limit-a.size {
		return n
	}
	a.x.stats.Cut++
	a.cut(limit, n)
	return limit - a.size
}

// cut says that of n more bytes not all are written.
func (a *extraction) cut(limit, n uint64) {
	if e := a.m.hooks.File.ExtractionLimit.Begin(); e != nil {
		*e = event.FileExtractionLimit{File: a.f, Limit: limit, Len: n}
		a.m.hooks.File.ExtractionLimit.Raise(e)
	}
}

func (a *extraction) Data(b []byte) bool {
	if a.out == nil {
		return false
	}
	if a.m.shedding {
		a.x.stats.Shed++
		a.cut(a.size, uint64(len(b)))
		a.finish(nil)
		return false
	}
	n := a.room(uint64(len(b)))
	_, err := a.buf.Write(b[:n])
	a.size += n
	a.x.stats.Bytes += n
	if err != nil || n < uint64(len(b)) {
		a.finish(err)
		return false
	}
	return true
}

// Gap leaves a hole in the file, which is read as zeros.
func (a *extraction) Gap(_, n uint64) bool {
	if a.out == nil {
		return false
	}
	all := n
	n = a.room(n)
	err := a.buf.Flush()
	if err == nil {
		_, err = a.out.Seek(int64(n), io.SeekCurrent)
	}
	a.size += n
	if err != nil || n < all {
		a.finish(err)
		return false
	}
	return true
}

func (a *extraction) End() { a.finish(nil) }

func (a *extraction) finish(err error) {
	if a.out == nil {
		return
	}
	if err == nil {
		err = a.buf.Flush()
	}
	if err == nil {
		err = a.out.Truncate(int64(a.size))
	}
	if e := a.out.Close(); err == nil {
		err = e
	}
	if err != nil {
		a.x.stats.Failed++
	}
	a.x.open--
	a.buf.Reset(nil)
	a.x.free = append(a.x.free, a.buf)
	a.out, a.buf = nil, nil
}
