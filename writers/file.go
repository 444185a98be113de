package writers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wirelog/wirelog/writers/internal/claims"
	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

const (
	// flushSize is how much is buffered before a write. The buffers of all logs should
	// fit in the processor's cache.
	flushSize = 64 << 10
	// maxPending is how much is kept for a file that cannot be written.
	maxPending = 4 << 20
)

var errRemoved = errors.New("the file was removed or replaced while it was written")

// A file buffers rows and writes them. If it cannot be created or written, it tries
// again with later rows; up to maxPending bytes wait, and rows beyond that are dropped
// and counted.
type file struct {
	format, path string
	// dir and name are set for logs, which must lie in dir itself. A file without a name
	// may be anything that can be opened.
	dir, name      string
	header, footer func([]byte, time.Time) []byte
	now            func() time.Time
	alarm          *Alarm
	perm           fs.FileMode
	claim          *claims.Claim
	// held is the open and locked file at a path, made if hold created it, until the first
	// row comes.
	held *os.File
	made bool
	// rot is set if the file is rotated.
	rot *rotator

	f       handle
	regular bool // can be truncated, and removed by others
	off     int64
	buf     []byte
	taken   uint64 // rows that were given
	pending uint64 // those of them in buf
	limit   int    // buf is flushed before it grows beyond limit
	// torn means that the file ends inside a row whose rest is at the start of buf;
	// broken, that the rest of that row is lost.
	torn, broken bool

	// written counts the rows of this file, earlier those of the files before it.
	written, earlier, bytes uint64
	dropped                 [MaxReasons]uint64
	failing                 bool
}

// A handle is an open file.
type handle interface {
	io.WriteCloser
	Truncate(size int64) error
	Stat() (os.FileInfo, error)
}

// fail reports an error unless the file has been failing already.
func (f *file) fail(err error) {
	if !f.failing {
		f.alarm.Fail(f.key(), err)
	}
	f.failing = true
}

// ok ends the failing.
func (f *file) ok() {
	if f.failing {
		f.failing = false
		f.alarm.OK(f.key())
	}
}

// key names the file in the alarm, whatever file of the log it is.
func (f *file) key() string {
	if f.rot != nil {
		return f.rot.log
	}
	return f.path
}

// open creates the file and writes its header.
func (f *file) open() error {
	h, err := f.create()
	if err != nil {
		return err
	}
	fi, err := h.Stat()
	if err != nil {
		return errors.Join(err, h.Close())
	}
	f.f, f.regular = h, fi.Mode().IsRegular() && f.path != "-"
	f.off, f.torn, f.broken = 0, false, false
	if f.header == nil {
		return nil
	}
	head := f.header(nil, f.now())
	n, err := h.Write(head)
	f.off = int64(n)
	f.bytes += uint64(n)
	if err != nil {
		f.f = nil
		return errors.Join(err, h.Close())
	}
	return nil
}

func (f *file) create() (*os.File, error) {
	// With O_APPEND, writes after a truncation go to the new end.
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC | os.O_APPEND
	if f.path == "-" {
		return os.Stdout, nil
	}
	if f.held != nil {
		h := f.held
		f.held = nil
		return h, truncate(h)
	}
	if f.name == "" {
		return os.OpenFile(f.path, flags, f.perm)
	}
	if err := os.MkdirAll(f.dir, dirMode(f.perm)); err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	// A root keeps a symbolic link in the folder from leading the log out of it.
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	defer root.Close()
	if f.rot != nil {
		return f.rot.create(root)
	}
	f.claim.Add(f.name)
	h, err := root.OpenFile(f.name, flags, f.perm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return h, nil
}

// hold opens and locks the file at a path for this run. A regular file that has something
// is refused, unless it may be overwritten.
func (f *file) hold(overwrite bool) error {
	if f.path == "-" {
		return nil
	}
	fi, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.made = true
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return nil
	}
	h, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, f.perm)
	if err != nil {
		return err
	}
	if errors.Is(lockfile.Lock(h), lockfile.ErrLocked) {
		return errors.Join(&claims.HeldError{Dir: f.path, Holder: "another run"}, h.Close())
	}
	if fi, err = h.Stat(); err == nil && fi.Size() > 0 && !overwrite {
		err = &claims.TakenError{Dir: f.path, What: fmt.Sprintf("%d bytes already", fi.Size())}
	}
	if err != nil {
		return errors.Join(err, h.Close())
	}
	f.held = h
	return nil
}

// truncate empties a file that may be something else.
func truncate(h *os.File) error {
	if fi, err := h.Stat(); err != nil || !fi.Mode().IsRegular() {
		return err
	}
	return h.Truncate(0)
}

// letGo closes a held file that got no row, and removes it if hold made it.
func (f *file) letGo() {
	if f.held == nil {
		return
	}
	if fi, err := f.held.Stat(); err == nil && f.made && fi.Size() == 0 {
		_ = os.Remove(f.path)
	}
	_ = f.held.Close() // nothing was written to it
	f.held = nil
}

// write takes p, which holds that many complete rows.
func (f *file) write(p []byte, rows uint64) {
	f.taken += rows
	if f.limit == 0 {
		f.limit = flushSize
		f.reopen()
	}
	if len(f.buf)+len(p) > f.limit {
		f.flush()
		if len(f.buf) == 0 && f.f != nil && len(p) >= flushSize {
			n, done := f.out(p, rows)
			p, rows = p[n:], rows-done
		}
		if len(f.buf)+len(p) > maxPending {
			f.drop()
			f.dropped[f.reason()] += rows
			return
		}
	}
	f.buf = append(f.buf, p...)
	f.pending += rows
}

// flush writes the buffer. If that fails, the buffer is kept.
func (f *file) flush() {
	if len(f.buf) == 0 {
		return
	}
	if !f.reopen() {
		f.limit = len(f.buf) + flushSize
		return
	}
	n, rows := f.out(f.buf, f.pending)
	f.buf = f.buf[:copy(f.buf, f.buf[n:])]
	f.pending -= rows
	f.limit = len(f.buf) + flushSize
}

// reopen creates the file if it is not open, and reports whether it is open now.
func (f *file) reopen() bool {
	if f.f != nil && f.regular && f.gone() {
		f.fail(fmt.Errorf("%s: %w", f.path, errRemoved))
		f.dropped[DropRemoved] += f.written
		f.written = 0
		_ = f.f.Close() // the file is gone, so its error does not matter
		f.f = nil
		if f.torn {
			rest := bytes.IndexByte(f.buf, '\n') + 1
			f.buf = f.buf[:copy(f.buf, f.buf[rest:])]
			f.pending--
			f.dropped[DropRemoved]++
			f.torn = false
		}
	}
	if f.f == nil {
		if err := f.open(); err != nil {
			f.fail(err)
			return false
		}
	}
	return true
}

// gone reports whether the path no longer leads to the open file.
func (f *file) gone() bool {
	at, err := os.Stat(f.path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := f.f.Stat()
	return err == nil && !os.SameFile(at, open)
}

// out writes p, which holds that many rows, to the open file. It returns how many bytes
// and rows of p are done with.
func (f *file) out(p []byte, rows uint64) (int, uint64) {
	if f.broken {
		if _, err := f.f.Write([]byte{'\n'}); err != nil {
			f.fail(err)
			return 0, 0
		}
		f.off++
		f.bytes++
		f.broken = false
	}
	n, err := f.f.Write(p)
	if err == nil {
		f.off += int64(n)
		f.bytes += uint64(n)
		f.written += rows
		f.torn = false
		f.ok()
		return n, rows
	}
	f.fail(err)
	keep := bytes.LastIndexByte(p[:n], '\n') + 1
	if keep < n && !f.cut(f.off+int64(keep)) {
		keep = n
	}
	if keep > 0 {
		f.torn = p[keep-1] != '\n'
	}
	done := min(rows, uint64(bytes.Count(p[:keep], []byte{'\n'})))
	f.off += int64(keep)
	f.bytes += uint64(keep)
	f.written += done
	return keep, done
}

// cut truncates the file to size and reports whether it could.
func (f *file) cut(size int64) bool {
	return f.regular && f.f.Truncate(size) == nil
}

// drop gives up the buffer.
func (f *file) drop() {
	f.dropped[f.reason()] += f.pending
	f.buf, f.pending, f.limit = f.buf[:0], 0, flushSize
	f.broken = f.broken || f.torn
	f.torn = false
}

func (f *file) reason() Reason {
	if f.f == nil {
		return DropOpen
	}
	return DropWrite
}

// detach ends the file with its footer and returns it, still open. It returns nil if
// there is no file or its rows cannot be written now.
func (f *file) detach() *os.File {
	f.flush()
	if len(f.buf) > 0 || f.f == nil {
		return nil
	}
	h := f.f.(*os.File)
	if f.footer != nil && !f.broken {
		n, err := h.Write(f.footer(nil, f.now()))
		f.bytes += uint64(n)
		if err != nil {
			f.fail(err) // all rows are in the file
		}
	}
	f.earlier += f.written
	f.written, f.f, f.limit = 0, nil, 0
	return h
}

// close writes the rest and the footer. A file that no row was written to is
// not created. The error, if any, has been reported.
func (f *file) close() error {
	if f.limit != 0 && (f.f != nil || len(f.buf) > 0) {
		if f.reopen() && len(f.buf) > 0 {
			f.flush()
		}
	}
	f.drop()
	f.letGo()
	if f.f == nil {
		return nil
	}
	var err error
	if f.footer != nil && !f.broken {
		foot := f.footer(nil, f.now())
		var n int
		n, err = f.f.Write(foot)
		f.bytes += uint64(n)
	}
	if f.path != "-" {
		err = errors.Join(err, f.f.Close())
	}
	f.f = nil
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Clean(f.path), err)
		f.fail(err)
	}
	return err
}
