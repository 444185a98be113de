package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/parquet"
)

// CompactOptions say what Compact joins.
type CompactOptions struct {
	// Roots are trees of Parquet files.
	Roots []string
	// Logs are the logs whose files are joined, as schemas.PickNames has it; none means all.
	Logs []string
	// Size is how large a joined file may become, by the sizes of its parts; 0 means
	// 128 MiB.
	Size int64
	// Report takes errors as they come, Notice what is none. Both may be nil.
	Report  func(error)
	Notice  func(string)
	Version string
}

// CompactStats counts the files of one log.
type CompactStats struct {
	Log string
	// Rows is the number of rows in joined files.
	Rows uint64
	// Before and After are the numbers of files, BytesBefore and BytesAfter their sizes.
	Before, After           int
	BytesBefore, BytesAfter int64
}

// compactDir is the folder, in one with files of a log, for the file that takes their
// place. It has no other name while the files are there.
const (
	compactDir  = ".compact"
	compactLock = "lock"
	compactPlan = "plan.json"
)

// A joining is what is to be done with a complete joined file. It is kept in a file, so
// that the next run finishes it.
type joining struct {
	// New is the joined file within compactDir, and To its name in the folder. When it has
	// that, the files Old are removed.
	New, To string
	Old     []string
}

// compaction is one run of Compact.
type compaction struct {
	opts    *CompactOptions
	ctx     context.Context
	stats   []*CompactStats
	wanted  func(log string) bool
	logs    map[string]bool // that are in the trees
	failed  bool
	foreign int
	example string
}

// Compact joins the small Parquet files in each folder of trees that this program has
// written. Every row stays in its folder. Files of several sensors, and with structs or
// without, are not joined. If a file cannot be read completely, those with which it would
// be joined stay as they are. The error is ErrConvert after errors were reported.
//
// A killed run leaves every row in the tree once, or, if it was killed while it removed
// the files that it had joined, some twice until the next run has finished that.
func Compact(ctx context.Context, opts CompactOptions) ([]*CompactStats, error) {
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	opts.Size = cmp.Or(opts.Size, parquet.Default("").FileSize)
	wanted, err := schemas.Wanted(opts.Logs)
	if err != nil {
		return nil, err
	}
	c := &compaction{opts: &opts, ctx: ctx, wanted: wanted, logs: make(map[string]bool)}
	for _, root := range opts.Roots {
		info, err := os.Stat(root)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s: no folder: name the root of a tree of Parquet files", root)
		}
		if err != nil {
			c.fail(err)
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				c.fail(err)
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && d.Name()[0] == '.' && path != root:
				return fs.SkipDir
			case d.IsDir():
				if err := c.folder(path); err != nil {
					c.fail(err)
				}
			}
			return nil
		})
		if err != nil {
			c.fail(err)
		}
	}
	if ctx.Err() == nil {
		if _, err := schemas.PickNames(opts.Logs, slices.Sorted(maps.Keys(c.logs))); err != nil {
			c.fail(fmt.Errorf("among the logs of the files: %w", err))
		}
	}
	if len(c.logs) == 0 && c.foreign == 0 && !c.failed {
		c.fail(fmt.Errorf("%s: there is no Parquet file in the tree", strings.Join(opts.Roots, ", ")))
	}
	if c.foreign > 0 {
		opts.Notice(fmt.Sprintf("Parquet files left as they are because another program wrote them: %d, such as %s", c.foreign, c.example))
	}
	slices.SortFunc(c.stats, func(a, b *CompactStats) int { return strings.Compare(a.Log, b.Log) })
	if c.failed {
		return c.stats, ErrConvert
	}
	return c.stats, nil
}

func (c *compaction) fail(err error) {
	c.failed = true
	c.opts.Report(err)
}

func (c *compaction) statsOf(log string) *CompactStats {
	for _, s := range c.stats {
		if s.Log == log {
			return s
		}
	}
	s := &CompactStats{Log: log}
	c.stats = append(c.stats, s)
	return s
}

// A candidate is a file that may be joined with others.
type candidate struct {
	name, log, sensor string
	flat              bool
	size              int64
}

// folder joins the files of one folder.
func (c *compaction) folder(dir string) error {
	hidden := filepath.Join(dir, compactDir)
	if _, err := os.Stat(hidden); err == nil {
		if err := c.locked(hidden, func() error { return c.recover(dir) }); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var list []candidate
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name()[0] == '.' || filepath.Ext(e.Name()) != ".parquet" {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err == nil {
			err = c.candidate(&list, path, info.Size())
		}
		if err != nil {
			c.fail(err)
		}
	}
	// Files of one group are next to each other, in the order of their names.
	slices.SortStableFunc(list, func(a, b candidate) int {
		return cmp.Or(strings.Compare(a.log, b.log), strings.Compare(a.sensor, b.sensor), flatOrder(a)-flatOrder(b))
	})
	var group []candidate
	size := int64(0)
	end := func() {
		if len(group) > 1 && c.ctx.Err() == nil {
			if err := c.locked(hidden, func() error { return c.join(dir, group) }); err != nil {
				c.fail(err)
			}
		}
		group, size = nil, 0
	}
	for _, f := range list {
		if len(group) > 0 {
			if g := group[0]; g.log != f.log || g.sensor != f.sensor || g.flat != f.flat || size+f.size > c.opts.Size {
				end()
			}
		}
		group, size = append(group, f), size+f.size
	}
	end()
	return nil
}

func flatOrder(f candidate) int {
	if f.flat {
		return 1
	}
	return 0
}

// candidate adds a file to the list if this program wrote it, and counts it.
func (c *compaction) candidate(list *[]candidate, path string, size int64) error {
	f, err := readers.Open(path, "")
	if err != nil {
		return err
	}
	log := f.Meta[columnar.MetaLog]
	if log == "" {
		c.foreign++
		c.example = cmp.Or(c.example, path)
		return nil
	}
	c.logs[log] = true
	if !c.wanted(log) {
		return nil
	}
	s := c.statsOf(log)
	s.Before, s.After = s.Before+1, s.After+1
	s.BytesBefore, s.BytesAfter = s.BytesBefore+size, s.BytesAfter+size
	*list = append(*list, candidate{filepath.Base(path), log, f.Meta[columnar.MetaSensor], f.Flat, size})
	return nil
}

// locked calls f with the hidden folder of a folder, locked, and removes it.
func (c *compaction) locked(hidden string, f func() error) error {
	if err := os.MkdirAll(hidden, 0o755); err != nil {
		return err
	}
	lock, err := parquet.Lock(filepath.Join(hidden, compactLock))
	if err != nil {
		return err
	}
	if err = f(); err == nil {
		err = os.RemoveAll(hidden)
	}
	return errors.Join(err, lock.Close())
}

// recover finishes what a killed run has begun.
func (c *compaction) recover(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, compactDir, compactPlan))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was removed yet
	}
	var j joining
	if err == nil {
		err = json.Unmarshal(b, &j)
	}
	if err != nil {
		return err
	}
	for _, name := range append([]string{j.New, j.To}, j.Old...) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s: %q is not in the folder", filepath.Join(dir, compactDir, compactPlan), name)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, compactDir, j.New)); err == nil {
		return nil // it has not taken its place yet: all files are there
	}
	c.opts.Notice(fmt.Sprintf("%s: files that an earlier run had joined are removed now", dir))
	return j.remove(dir)
}

// remove removes the files that were joined.
func (j *joining) remove(dir string) error {
	if err := j.record(dir); err != nil {
		return err
	}
	var errs []error
	for _, name := range j.Old {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, syncDir(dir))...)
}

// runsDir is the folder, in the root of a tree, with a record of the files of each run: a
// JSON object a line, of which those of files have the member file.
const (
	runsDir   = ".wirelog"
	recordExt = ".run"
)

// record tells the records of the runs whose files were joined that their rows are in the
// joined file now, so that the same run again does not add them a second time.
func (j *joining) record(dir string) error {
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	within := "."
	for {
		if _, err := os.Stat(filepath.Join(root, runsDir)); err == nil {
			break
		}
		up := filepath.Dir(root)
		if up == root {
			return nil // the tree has no records
		}
		within, root = filepath.Join(filepath.Base(root), within), up
	}
	old := make(map[string]bool)
	for _, name := range j.Old {
		old[filepath.Join(within, name)] = true
	}
	records, err := filepath.Glob(filepath.Join(root, runsDir, "*"+recordExt))
	if err != nil {
		return err
	}
	for _, path := range records {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		has := false
		for line := range bytes.Lines(b) {
			var e struct{ File, Joined string }
			if json.Unmarshal(line, &e) == nil && (old[filepath.FromSlash(e.File)] || old[filepath.FromSlash(e.Joined)]) {
				has = true
			}
		}
		if !has {
			continue
		}
		line, err := json.Marshal(map[string]string{"joined": filepath.ToSlash(filepath.Join(within, j.To))})
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(append(line, '\n'))
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes changes in a folder durable where the system supports it.
func syncDir(dir string) error {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		return d.Close()
	}
	return nil
}

// join replaces files by one.
func (c *compaction) join(dir string, group []candidate) error {
	hidden := filepath.Join(dir, compactDir)
	var union readers.Union
	var files []*readers.File
	j := joining{}
	var joined []string
	before := int64(0)
	for _, g := range group {
		f, err := readers.Open(filepath.Join(dir, g.name), "")
		if err != nil {
			return err
		}
		if err := union.Add(f); err != nil {
			return err
		}
		files, j.Old = append(files, f), append(j.Old, g.name)
		before += g.size
		var names []string
		_ = json.Unmarshal([]byte(f.Meta[columnar.MetaJoined]), &names)
		joined = append(append(joined, names...), g.name)
	}
	union.Finish()
	slices.Sort(joined)
	names, err := json.Marshal(slices.Compact(joined))
	if err != nil {
		return err
	}
	j.To = fmt.Sprintf("%s-joined-%.8x.parquet", group[0].log, sha256.Sum256(names))
	if _, err := os.Lstat(filepath.Join(dir, j.To)); err == nil {
		return fmt.Errorf("%s: there already", filepath.Join(dir, j.To))
	}
	tree := filepath.Join(hidden, "new")
	if err := os.RemoveAll(tree); err != nil {
		return err
	}
	rows, err := c.write(tree, &group[0], &union, files, string(names), hourOf(dir))
	if err != nil {
		return errors.Join(fmt.Errorf("%s: files stay as they are: %w", dir, err), os.RemoveAll(hidden))
	}
	if j.New, err = onlyFile(hidden, tree, rows); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(hidden, j.New))
	if err != nil {
		return err
	}
	plan, err := json.Marshal(j)
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(hidden, compactPlan), plan); err != nil {
		return err
	}
	if err := errors.Join(syncDir(hidden), os.Rename(filepath.Join(hidden, j.New), filepath.Join(dir, j.To)), syncDir(dir)); err != nil {
		return err
	}
	if err := j.remove(dir); err != nil {
		return err
	}
	s := c.statsOf(group[0].log)
	s.Rows += rows
	s.After -= len(group) - 1
	s.BytesAfter += info.Size() - before
	return nil
}

// write writes the rows of files into a tree and returns their number.
func (c *compaction) write(tree string, like *candidate, union *readers.Union, files []*readers.File, joined string, hour int64) (uint64, error) {
	settings := parquet.Default(tree)
	settings.Flat, settings.FileSize = like.flat, 0
	settings.Meta = []columnar.Pair{{Key: columnar.MetaJoined, Value: joined}}
	var reported error
	s := union.Logs[0]
	s.ID = 0
	m, err := writers.New(writers.Config{
		Outputs: []writers.Output{{Place: parquet.New(settings)}}, Logs: union.Logs, Context: c.ctx,
		Version: c.opts.Version, Sensor: like.sensor, Report: func(err error) { reported = cmp.Or(reported, err) },
	})
	if err != nil {
		return 0, err
	}
	to := m.Collector()
	n := uint64(0)
	err = func() error {
		for _, f := range files {
			for {
				rec, err := f.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					return errors.Join(err, f.Close())
				}
				n++
				to.SetCause(hour, writers.ClassPacket, n)
				to.Emit(rec)
				if n%convertBatch == 0 {
					m.Merge(to.Flush())
					if c.ctx.Err() != nil {
						return errors.Join(c.ctx.Err(), f.Close())
					}
				}
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
		m.Merge(to.Flush())
		return nil
	}()
	closeErr := m.Close()
	if err = cmp.Or(err, reported, closeErr); err != nil {
		return 0, err
	}
	if stats := m.Stats(); len(stats.Streams) != 1 || stats.Streams[0].Written != n {
		return 0, fmt.Errorf("%d rows read, and not as many written", n)
	}
	return n, nil
}

// onlyFile returns the path, within hidden, of the only file of a tree, which must have
// that many rows.
func onlyFile(hidden, tree string, rows uint64) (string, error) {
	var found []string
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s: %d files, want one", tree, len(found))
	}
	f, err := os.Open(found[0])
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	end, n, err := parquet.LastFooter(f, info.Size())
	if err == nil && (end != info.Size() || n != int64(rows)) {
		err = fmt.Errorf("%s: %d rows, want %d", found[0], n, rows)
	}
	if err != nil {
		return "", err
	}
	return filepath.Rel(hidden, found[0])
}

func writeSynced(path string, b []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// hourOf returns the hour that the names of folders give, or the first nanosecond of 1970.
func hourOf(dir string) int64 {
	date, hour := "", "00"
	for part := range strings.SplitSeq(filepath.ToSlash(dir), "/") {
		if v, ok := strings.CutPrefix(part, "date="); ok {
			date = v
		} else if v, ok := strings.CutPrefix(part, "hour="); ok {
			hour = v
		}
	}
	t, err := time.Parse("2006-01-02 15", date+" "+hour)
	if err != nil || t.UnixNano() <= 0 {
		return 1
	}
	return t.UnixNano()
}
