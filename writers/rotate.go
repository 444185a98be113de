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
	compressGzip = "gzip"
	compressZstd = "zstd"
)

// Rotation says when files are finished and what is done with them. With its zero value,
// each log is one file, written in place under its own name.
//
// If anything is set, a file is written under a hidden name, and has the log's plain name
// too while it grows if Config.Run is set and no other run has that name. When it is
// finished, it is synced and gets the name that Names makes. Files that a killed run
// leaves behind are finished by the next run with the same folder.
type Rotation struct {
	// Interval is the packet time that a file covers. Files end at multiples of it,
	// counted from local midnight (or UTC's, with UTC), as Zeek's do; intervals of several
	// days from 1 January 1970. 0 is no limit.
	Interval time.Duration
	// Size is the number of bytes of rows, before compression, at which a file is
	// finished. 0 is no limit.
	Size int64
	// Names is a template for the names of finished files, or one of the presets "plain",
	// "zeek", "zeekctl", "rita" and "json-streaming". Empty means "zeek", or "plain"
	// without Interval and Size. If a name is taken, a number is added.
	Names string
	// UTC makes names, and counts intervals, with UTC instead of local time.
	UTC bool
	// Compress is "none", "gzip" or "zstd"; empty means none.
	Compress string
	// Command is a program with its arguments. It is run for every finished file, whose
	// path is the last argument, for at most CommandTimeout. Its environment has
	// WIRELOG_LOG, WIRELOG_OUTPUT, WIRELOG_OPEN and WIRELOG_CLOSE; times are in seconds.
	Command        []string
	CommandTimeout time.Duration
}

// Enabled reports whether files need more than to be closed.
func (r *Rotation) Enabled() bool {
	return r.Interval > 0 || r.Size > 0 || r.Names != "" || r.Compress != "" && r.Compress != CompressNone || len(r.Command) > 0
}

// Check verifies the settings.
func (r *Rotation) Check() error {
	if _, err := r.parseNames(); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	if !slices.Contains([]string{"", CompressNone, compressGzip, compressZstd}, r.Compress) {
		return fmt.Errorf("compress: there is no compression %q", r.Compress)
	}
	return nil
}

func (r *Rotation) parseNames() (*names, error) {
	template := namesPlain
	if r.Interval > 0 || r.Size > 0 {
		template = namesZeek
	}
	return parseNames(cmp.Or(r.Names, template), r.UTC)
}

// day is the interval from which on files end at midnights only.
const day = 24 * time.Hour

// period returns the interval in which a time lies. Of an interval that does not divide the
// day, the last one of a day ends at midnight.
func (r *Rotation) period(at int64) (start, end int64) {
	loc := time.Local
	if r.UTC {
		loc = time.UTC
	}
	t := time.Unix(0, at).In(loc)
	midnight := func(days int) time.Time {
		m := time.Date(t.Year(), t.Month(), t.Day()+days, 0, 0, 0, 0, loc)
		if wall(m) > int64(day)/2 {
			_, m = m.ZoneBounds() // a change of the clock skips midnight
		}
		return m
	}
	if days := int(r.Interval / day); r.Interval%day == 0 {
		// The date as if it were one of UTC, so that every day has 24 hours.
		n := int(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / int64(day/time.Second))
		past := ((n % days) + days) % days
		return midnight(-past).UnixNano(), midnight(days - past).UnixNano()
	}
	// Where a change of the clock moves them, intervals go by the time on the wall.
	interval := int64(r.Interval)
	k := wall(t) / interval
	start = ontoWall(at-wall(t)+k*interval, k*interval, interval, loc)
	end = ontoWall(at-wall(t)+(k+1)*interval, (k+1)*interval, interval, loc)
	if next := midnight(1).UnixNano(); at < next && next < end {
		end = next
	}
	return start, end
}

// wall returns the time of day that a clock shows, in nanoseconds.
func wall(t time.Time) int64 {
	return int64(t.Hour())*int64(time.Hour) + int64(t.Minute())*int64(time.Minute) + int64(t.Second())*int64(time.Second) + int64(t.Nanosecond())
}

// ontoWall moves a time to where the clock shows the time of day want, if a change of the
// clock by less than an interval is all that separates them.
func ontoWall(at, want, interval int64, loc *time.Location) int64 {
	want %= int64(day)
	shift := want - wall(time.Unix(0, at).In(loc))
	if shift > int64(day)/2 {
		shift -= int64(day)
	} else if shift < -int64(day)/2 {
		shift += int64(day)
	}
	if moved := at + shift; max(shift, -shift) < interval && wall(time.Unix(0, moved).In(loc)) == want {
		return moved
	}
	return at
}

// A rotator passes rows to its file and ends the file when it is due. It goes by the
// times of the rows, so that the same rows make the same files.
type rotator struct {
	file     *file
	finisher *finisher
	interval int64
	maxSize  int64
	log      string
	counts   *Counts

	// active means that the current file has rows.
	active bool
	// plain means that the current file has the log's plain name too.
	plain bool
	// anonymous means that files get no plain name any more; later, if set, takes the files
	// that are ended instead of the finisher.
	anonymous bool
	later     *[]handed
	// open is the time in the file's name, end the time when it is due, size the bytes
	// of its rows.
	open, end, size int64
	// next is the earliest opening time of the next file: when the previous one ended,
	// or 0 for the first file.
	next int64
}

// row takes a row at a time of the run's clock.
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

// begin starts a file with a row at that time. The first file of a log is named by that
// time, a later one by the time from which it could have had rows.
func (r *rotator) begin(at int64) {
	r.active, r.size = true, 0
	r.open, r.end = at, math.MaxInt64
	if r.interval > 0 {
		var start int64
		start, r.end = r.finisher.rotation.period(at)
		if r.next != 0 {
			r.open = max(r.next, start)
		}
	} else if r.next != 0 {
		r.open = r.next
	}
}

// pass tells the rotator that the clock has reached now.
func (r *rotator) pass(now int64) {
	if r.active && now >= r.end {
		r.rotate(r.end)
	}
}

// rotate finishes the file. A file that cannot be written now continues.
func (r *rotator) rotate(closed int64) {
	if r.interval > 0 && closed > r.end {
		closed = r.end
	}
	if h := r.file.detach(); h != nil {
		r.dropPlain()
		job := finishing{
			handle: h, name: r.file.name, log: r.log, open: r.open, closed: max(closed, r.open), counts: r.counts,
		}
		if r.later != nil {
			*r.later = append(*r.later, handed{r.finisher, job})
		} else {
			r.finisher.add(job)
		}
	} else if len(r.file.buf) > 0 {
		return
	}
	r.active, r.next = false, max(closed, r.open)
}

// finish ends the last file with the clock at now. Rows that cannot be written now are
// lost; rows that are in a file stay there for the next run.
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

// create creates the hidden file that takes the rows.
func (r *rotator) create(root *os.Root) (*os.File, error) {
	f := r.file
	var err error
	for i := range int64(100) {
		// A run that recovers the file reads the time from its name.
		f.name = hiddenName(r.log, r.finisher.ext, f.format, r.open+i, openSuffix)
		var h *os.File
		if h, err = root.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, f.perm); err == nil {
			f.path = r.finisher.path(f.name)
			if lockfile.Hold(h, func() (os.FileInfo, error) { return root.Stat(f.name) }) {
				r.givePlain(root)
				return h, nil
			}
			// Another run that begins has taken it for one that was left behind.
			_ = h.Close() // nothing is in it
			err = fs.ErrExist
		}
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	return nil, fmt.Errorf("%s: %w", r.finisher.path(f.name), err)
}

// plainName is the name that the current file has beside its hidden one, for those who
// follow the log.
func (r *rotator) plainName() string { return r.log + r.finisher.ext }

// givePlain gives the current file its plain name: a link, so that everything that a later
// run has to know of a file that a killed run has left is in its hidden name.
func (r *rotator) givePlain(root *os.Root) {
	f := r.finisher
	if r.plain = false; !f.growing || r.anonymous {
		return
	}
	err := root.Link(r.file.name, r.plainName())
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = root.Symlink(r.file.name, r.plainName()) // the file system has no hard links
	}
	if r.plain = err == nil; !r.plain && !f.toldPlain {
		f.toldPlain = true
		if errors.Is(err, fs.ErrExist) {
			err = errors.New("there is another file of that name")
		}
		f.env.Notice(fmt.Sprintf("%s: the current log does not have its plain name, only the hidden one %s: %v",
			f.path(r.plainName()), r.file.name, err))
	}
}

// dropPlain takes the plain name away when the file is finished.
func (r *rotator) dropPlain() {
	if !r.plain {
		return
	}
	r.plain = false
	root, err := os.OpenRoot(r.finisher.dir)
	if err == nil {
		err = removeSame(root, r.plainName(), r.file.name)
		_ = root.Close()
	}
	if err != nil {
		r.finisher.env.Report(err)
	}
}

// removeSame removes name if it leads to the same file as the other one.
func removeSame(root *os.Root, name, other string) error {
	a, err := root.Stat(name)
	if err != nil {
		return nil // others have removed or replaced it
	}
	if b, err := root.Stat(other); err != nil || !os.SameFile(a, b) {
		return nil
	}
	return root.Remove(name)
}

// hiddenName returns the name of an unfinished file: ".conn.log.tsv.TIME.open".
func hiddenName(log, ext, format string, open int64, suffix string) string {
	return "." + log + ext + "." + format + "." + strconv.FormatInt(open, 10) + suffix
}

// parseHidden parses a name that hiddenName made for the same ext and format.
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
