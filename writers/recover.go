package writers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

// recover finishes the files that a killed run has left in the folder. It leaves files
// alone that another process is writing. A file that cannot be finished is reported and
// stays as it is.
func (f *finisher) recover() {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var root *os.Root
	if err == nil {
		root, err = os.OpenRoot(f.dir)
	}
	if err != nil {
		f.env.Report(fmt.Errorf("%s: %w", f.dir, err))
		return
	}
	defer root.Close()
	// The rows belong to another run: the record of this one does not list them, unless
	// they are of the same captures with the same settings.
	counts := new(Counts)
	if claim := f.claim; !claim.Continues() {
		f.claim = nil
		defer func() { f.claim = claim }()
	}
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() {
			continue
		}
		if stem, ok := strings.CutSuffix(name, tmpSuffix); ok {
			if _, _, _, ok := f.parseDone(stem + doneSuffix); ok {
				err = root.Remove(name)
			}
		} else if log, open, closed, ok := f.parseDone(name); ok {
			var final string
			if final, err = f.publish(root, name, log, open, closed); err == nil {
				f.env.Notice(f.path(final) + ": an earlier run had not given this file its name")
			}
		} else if log, open, ok := parseHidden(name, f.ext, f.format, openSuffix); ok {
			err = f.recoverOpen(root, finishing{name: name, log: log, open: open, counts: counts})
		}
		if err != nil {
			f.env.Report(fmt.Errorf("%s: left by an earlier run: %w", f.path(name), err))
			err = nil
		}
	}
}

// parseDone parses the name of a ".done" file.
func (f *finisher) parseDone(name string) (log string, open, closed int64, ok bool) {
	stem, ok := strings.CutSuffix(name, doneSuffix)
	if !ok {
		return "", 0, 0, false
	}
	for _, z := range []string{".gz", ".zst"} {
		stem = strings.TrimSuffix(stem, z)
	}
	i := strings.LastIndexByte(stem, '.')
	closed, err := strconv.ParseInt(stem[i+1:], 10, 64)
	if i < 0 || err != nil {
		return "", 0, 0, false
	}
	log, open, ok = parseHidden(stem[:i], f.ext, f.format, "")
	return log, open, closed, ok
}

// recoverOpen truncates the file to its whole rows and finishes it. Its closing time is
// the end of its interval, or the time of its last write.
func (f *finisher) recoverOpen(root *os.Root, job finishing) error {
	h, err := root.OpenFile(job.name, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its run has finished it
	}
	if err != nil {
		return err
	}
	if !lockfile.Hold(h, func() (os.FileInfo, error) { return root.Stat(job.name) }) {
		return h.Close() // another process is writing it, or has finished it
	}
	if err := removeSame(root, job.log+f.ext, job.name); err != nil {
		f.env.Report(err)
	}
	end, rows, closed, err := wholeRows(h)
	var fi os.FileInfo
	if err == nil {
		fi, err = h.Stat()
	}
	if err == nil && rows == 0 {
		return errors.Join(h.Close(), root.Remove(job.name))
	}
	if err == nil && fi.Size() > end {
		err = h.Truncate(end)
	}
	if err == nil && !closed {
		_, err = h.Write(f.footer(nil, f.env.Now()))
	}
	if err != nil {
		return errors.Join(err, h.Close())
	}
	job.handle = h
	if f.rotation.Interval > 0 {
		_, job.closed = f.rotation.period(job.open)
	} else {
		job.closed = max(job.open, fi.ModTime().UnixNano())
	}
	f.env.Notice(fmt.Sprintf("%s: left by an earlier run with %d rows: finished now", f.path(job.name), rows))
	f.finish(job)
	return nil
}

// wholeRows returns where the last whole line of the file ends, the number of rows, and
// whether the last line is a footer.
func wholeRows(h *os.File) (end int64, rows uint64, closed bool, err error) {
	r := io.NewSectionReader(h, 0, math.MaxInt64)
	buf := make([]byte, 256<<10)
	start, comment := true, false // start: at the start of a line; comment: the line is a comment
	var off int64
	var first []byte // bytes of the last line
	for {
		n, err := r.Read(buf)
		for b := buf[:n]; len(b) > 0; {
			if start {
				comment, start, first = b[0] == '#', false, nil
			}
			i := bytes.IndexByte(b, '\n')
			part := b
			if i >= 0 {
				part = b[:i+1]
			}
			if comment && len(first) < len("#close") {
				first = append(first, part...)
			}
			off += int64(len(part))
			b = b[len(part):]
			if i < 0 {
				break
			}
			if start, end = true, off; !comment {
				rows++
			}
			closed = comment && bytes.HasPrefix(first, []byte("#close"))
		}
		if errors.Is(err, io.EOF) {
			return end, rows, closed, nil
		}
		if err != nil {
			return 0, 0, false, err
		}
	}
}
