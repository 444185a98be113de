package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/internal/claims"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

const (
	// openDir holds files that are being written. Readers of the tree skip names that
	// begin with a dot, and none reads files with that suffix.
	openDir    = ".open"
	openSuffix = ".part"
	fileExt    = ".parquet"
	// slash replaces "/" in the name of a file in openDir, which is the file's final
	// path.
	slash = "~"
	magic = "PAR1"
	// maxFooter is the largest footer that recovery looks for.
	maxFooter = 64 << 20
)

var errRemoved = errors.New("the file was removed or replaced while it was written")

// A file is a Parquet file that is being written. After every row group it has a footer
// for all of them, and the next row group follows that footer. A file that a killed run
// left behind is therefore complete up to its last footer.
type file struct {
	root string
	name string // path within the tree, with slashes
	meta []columnar.Pair
	env  *writers.Env

	f      *os.File
	off    int64
	groups []written
	rows   uint64
}

// hidden returns the path of an unfinished file.
func hidden(root, name string) string {
	return filepath.Join(root, openDir, strings.ReplaceAll(name, "/", slash)+openSuffix)
}

// open creates the file.
func (f *file) open() error {
	path := hidden(f.root, f.name)
	// Another run that begins may take the file for one that was left behind, until it is
	// locked, and remove it.
	const tries, pause = 100, 10 * time.Millisecond
	var err error
	for range tries {
		var h *os.File
		h, err = lockfile.Open(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, f.env.Perm(), f.env.DirPerm())
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err == nil {
			if lockfile.Hold(h, func() (os.FileInfo, error) { return os.Stat(path) }) {
				f.f, f.off, f.groups, f.rows = h, 0, nil, 0
				return nil
			}
			err = lockfile.ErrLocked
			_ = h.Close() // nothing is in it
		}
		time.Sleep(pause)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// removed reports whether the file is no longer at its path.
func (f *file) removed() bool {
	there, err := os.Stat(hidden(f.root, f.name))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	here, err := f.f.Stat()
	return err == nil && !os.SameFile(here, there)
}

// append writes a segment and a footer for all segments. If it fails, the file is as
// before.
func (f *file) append(s *segment) error {
	if f.f == nil {
		if err := f.open(); err != nil {
			return err
		}
	}
	w, err := s.at(f.off)
	if err != nil {
		return err
	}
	groups := append(f.groups[:len(f.groups):len(f.groups)], w)
	meta := s.meta
	meta.KeyValueMetadata = nil
	for _, kv := range f.meta {
		meta.KeyValueMetadata = append(meta.KeyValueMetadata, format.KeyValue{Key: kv.Key, Value: kv.Value})
	}
	tail, err := appendTail(nil, f.off+int64(len(s.data)), groups, meta)
	if err != nil {
		return err
	}
	_, err = f.f.WriteAt(s.data, f.off)
	if err == nil {
		err = f.f.Sync() // the footer must not become durable before the data
	}
	if err == nil {
		_, err = f.f.WriteAt(tail, f.off+int64(len(s.data)))
	}
	if err != nil {
		return errors.Join(err, f.f.Truncate(f.off))
	}
	f.off += int64(len(s.data) + len(tail))
	f.groups = groups
	f.rows += s.rows
	return nil
}

// publish gives a finished file its name in the tree, which claim, if not nil, records. It
// never replaces a file.
func publish(root, from, name string, env *writers.Env, claim *claims.Claim) (string, error) {
	dir, base := path.Split(name)
	if err := os.MkdirAll(filepath.Join(root, filepath.FromSlash(dir)), env.DirPerm()); err != nil {
		return "", err
	}
	for i := 1; ; i++ {
		within := filepath.Join(filepath.FromSlash(dir), base)
		if i > 1 {
			within = strings.TrimSuffix(within, fileExt) + fmt.Sprintf("-%d", i) + fileExt
		}
		to := filepath.Join(root, within)
		if _, there := os.Lstat(to); there != nil {
			claim.Add(within)
		}
		err := os.Link(from, to)
		switch {
		case err == nil, sameFile(from, to):
			// A run that was killed at this point has left both names.
			err = os.Remove(from)
		case errors.Is(err, fs.ErrExist):
			continue
		default:
			// The file system has no hard links.
			if _, there := os.Lstat(to); there == nil {
				continue
			}
			err = os.Rename(from, to)
		}
		if err != nil {
			return "", err
		}
		if d, err := os.Open(filepath.Dir(to)); err == nil {
			_ = d.Sync() // makes the name durable where the system supports it
			_ = d.Close()
		}
		return to, nil
	}
}

func sameFile(a, b string) bool {
	fa, err := os.Lstat(a)
	if err != nil {
		return false
	}
	fb, err := os.Lstat(b)
	return err == nil && os.SameFile(fa, fb)
}

// recoverFiles finishes the files that a killed run has left: they get their names,
// without an incomplete row group, and are removed if they have no complete one. Files
// that another process is writing are left alone. The error means that the folder of
// unfinished files cannot be read.
func recoverFiles(root string, env writers.Env) error {
	dir := filepath.Join(root, openDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), fileExt+openSuffix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		from := filepath.Join(dir, e.Name())
		if err := recoverFile(root, from, strings.ReplaceAll(name+fileExt, slash, "/"), env); err != nil {
			env.Report(fmt.Errorf("%s: left by an earlier run: %w", from, err))
		}
	}
	return nil
}

func recoverFile(root, from, name string, env writers.Env) error {
	f, err := os.OpenFile(from, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its run has finished it
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was synced or is given up
	if !lockfile.Hold(f, func() (os.FileInfo, error) { return os.Stat(from) }) {
		return nil // another process is writing it, or has finished it
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errors.New("its name is not a path in the tree")
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	end, rows, err := LastFooter(f, fi.Size())
	if err != nil {
		return err
	}
	if end == 0 {
		env.Notice(from + ": left by an earlier run without a whole row group: removed")
		return os.Remove(from)
	}
	if err := errors.Join(f.Truncate(end), f.Sync()); err != nil {
		return err
	}
	to, err := publish(root, from, name, &env, nil)
	if err == nil {
		env.Notice(fmt.Sprintf("%s: left by an earlier run with %d rows: finished now", to, rows))
	}
	return err
}

// LastFooter returns where the last complete footer ends in a file of this package that
// may have been cut, or 0, and the number of rows that it describes. The file is
// complete up to there.
func LastFooter(f io.ReaderAt, size int64) (end, rows int64, err error) {
	const step = 1 << 20
	buf := make([]byte, step+len(magic)-1)
	for top := size; top > 0; {
		from := max(0, top-step)
		// The magic may span two steps.
		b := buf[:min(int64(len(buf)), size-from)]
		if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return 0, 0, err
		}
		for {
			i := bytes.LastIndex(b, []byte(magic))
			if i < 0 {
				break
			}
			if rows, ok := footerBefore(f, from+int64(i)); ok {
				return from + int64(i+len(magic)), rows, nil
			}
			b = b[:i+len(magic)-1]
		}
		top = from
	}
	return 0, 0, nil
}

// footerBefore reports whether a footer of this package ends at the magic at that
// offset.
func footerBefore(f io.ReaderAt, at int64) (rows int64, ok bool) {
	var size [4]byte
	if at < 8 {
		return 0, false
	}
	if _, err := f.ReadAt(size[:], at-4); err != nil {
		return 0, false
	}
	n := int64(binary.LittleEndian.Uint32(size[:]))
	if n == 0 || n > min(at-8, maxFooter) {
		return 0, false
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, at-4-n); err != nil {
		return 0, false
	}
	var meta format.FileMetaData
	if thrift.Unmarshal(new(thrift.CompactProtocol), b, &meta) != nil || len(meta.RowGroups) == 0 {
		return 0, false
	}
	for _, kv := range meta.KeyValueMetadata {
		if kv.Key == columnar.MetaLog {
			return meta.NumRows, true
		}
	}
	return 0, false
}
