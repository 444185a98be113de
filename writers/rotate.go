package writers

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/writers/internal/lockfile"
)

// Compressions of finished files.
const (
	CompressNone = "none"
	CompressGzip = "gzip"
	CompressZstd = "zstd"
)

// Rotation says when files are finished and what is done with them. Its zero value
// is a file a log that is written in place, under its own name.
//
// With anything set, a file is written under a hidden name, and when it is
// finished it is synced and gets the name that Names makes; what a killed run
// leaves behind is finished by the next one with the same folder.
type Rotation struct {
	// Interval is the packet time for which a file is written; files end at multiples
	// of it, as Zeek's do. 0 is no such end.
	Interval time.Duration
	// Size is the number of bytes of rows, before compression, from which on a file
	// is finished. 0 is no bound.
	Size int64
	// Names is a template or preset of the names of finished files; see NamesZeek
	// and its likes. Empty stands for NamesZeek, or without Interval and Size for
	// NamesPlain. A name that is taken gets a number.
	Names string
	// UTC makes names with UTC instead of local time.
	UTC bool
	// Compress is one of CompressNone, CompressGzip and CompressZstd; empty is none.
	Compress string
	// Command is a program with its arguments; it is run with the path of every finished
	// file as last argument, for at most CommandTimeout. The environment has
	// WIRELOG_LOG, WIRELOG_OUTPUT, WIRELOG_OPEN and WIRELOG_CLOSE, times in seconds.
	Command        []string
	CommandTimeout time.Duration
}

// Enabled reports whether files are finished apart from being closed.
func (r *Rotation) Enabled() bool {
	return r.Interval > 0 || r.Size > 0 || r.Names != "" || r.Compress != "" && r.Compress != CompressNone || len(r.Command) > 0
}

// Check verifies the settings.
func (r *Rotation) Check() error {
	if _, err := r.parseNames(); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	if !slices.Contains([]string{"", CompressNone, CompressGzip, CompressZstd}, r.Compress) {
		return fmt.Errorf("compress: there is no compression %q", r.Compress)
	}
	return nil
}

func (r *Rotation) parseNames() (*names, error) {
	template := NamesPlain
	if r.Interval > 0 || r.Size > 0 {
		template = NamesZeek
	}
	return parseNames(cmp.Or(r.Names, template), r.UTC)
}

// A rotator gives a file its rows and ends it when it is due. It goes by the times
// of rows, so that the same rows give the same files.
type rotator struct {
	file     *file
	finisher *finisher
	interval int64
	maxSize  int64
	log      string
	counts   *Counts

	// active says that there are rows that belong to the present file.
	active bool
	// open is the time in the file's name, end when it is due, size its rows.
	open, end, size int64
	// next is when the next file begins if it begins at once: the end of the
	// one before it; 0 for the first file.
	next int64
}

// row takes a row at the given time of the clock.
func (r *rotator) row(at int64, row []byte) {
	if r.active && at >= r.end {
		r.rotate(r.end)
	} else if r.active && r.maxSize > 0 && r.size >= r.maxSize {
		r.rotate(at)
	}
	if !r.active {
		r.begin(at)
	}
	r.size += int64(len(row))
	r.file.write(row, 1)
}

// begin starts a file with a row at that time. The first file of a log has that time
// in its name, a later one the time since which it could have had rows.
func (r *rotator) begin(at int64) {
	r.active, r.size = true, 0
	r.open, r.end = at, math.MaxInt64
	if r.interval > 0 {
		start := at - ((at%r.interval)+r.interval)%r.interval
		r.end = start + r.interval
		if r.next != 0 {
			r.open = max(r.next, start)
		}
	} else if r.next != 0 {
		r.open = r.next
	}
}

// pass says that the clock has come to now.
func (r *rotator) pass(now int64) {
	if r.active && now >= r.end {
		r.rotate(r.end)
	}
}

// rotate finishes the file. One that cannot be written at the moment goes on.
func (r *rotator) rotate(closed int64) {
	if r.interval > 0 && closed > r.end {
		closed = r.end
	}
	if h := r.file.detach(); h != nil {
		r.finisher.add(finishing{
			handle: h, name: r.file.name, log: r.log, open: r.open, closed: max(closed, r.open), counts: r.counts,
		})
	} else if len(r.file.buf) > 0 {
		return
	}
	r.active, r.next = false, max(closed, r.open)
}

// finish ends the last file when the clock is at now. What cannot be written now is
// lost; the rows that are in a file are there for the next run.
func (r *rotator) finish(now int64) error {
	f := r.file
	if r.active {
		r.rotate(now)
	}
	if f.f == nil && len(f.buf) == 0 {
		return nil
	}
	return f.close()
}

// openSuffix ends the names of files that are being written.
const openSuffix = ".open"

// create makes the hidden file in which rows are gathered.
func (r *rotator) create(root *os.Root) (*os.File, error) {
	f := r.file
	var err error
	for i := range int64(100) {
		// The time is part of the name for the run that finds it.
		f.name = hiddenName(r.log, r.finisher.ext, f.format, r.open+i, openSuffix)
		var h *os.File
		if h, err = root.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644); err == nil {
			f.path = r.finisher.path(f.name)
			_ = lockfile.Lock(h) // without it, only a run beside this one could take the file
			return h, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return nil, fmt.Errorf("%s: %w", r.finisher.path(f.name), err)
}

// hiddenName is the name of a file that is not finished: ".conn.log.tsv.TIME.open".
func hiddenName(log, ext, format string, open int64, suffix string) string {
	return "." + log + ext + "." + format + "." + strconv.FormatInt(open, 10) + suffix
}

// parseHidden takes a name apart that hiddenName made for the same ext and format.
func parseHidden(name, ext, format, suffix string) (log string, open int64, ok bool) {
	name, ok = strings.CutSuffix(name, suffix)
	if !ok || !strings.HasPrefix(name, ".") {
		return "", 0, false
	}
	i := strings.LastIndexByte(name, '.')
	open, err := strconv.ParseInt(name[i+1:], 10, 64)
	log, ok = strings.CutSuffix(name[1:max(i, 1)], ext+"."+format)
	return log, open, ok && err == nil && plainName(log)
}
